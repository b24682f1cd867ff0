-- Sets the tree of a formula (tex.lua) as Typst. Signs are written as characters, not by name: Typst renames symbols, and
-- an escaped bracket is one that Typst neither stretches nor pairs, which is what TeX means by it.

return function(part)
  local M = {}
  local row, set, tables

  local special = "[#$\"&_^/\\'`~@:;,()%[%]{}|.]"
  local paired = {}
  for char in ("⟨⟩⌊⌋⌈⌉⟦⟧⟮⟯⟪⟫⦃⦄⌜⌝⌞⌟⎰⎱√"):gmatch(utf8.charpattern) do paired[char] = true end
  local function escaped(text)
    if paired[text] or text:match("^" .. special .. "$") then return "\\" .. text end
    return text
  end

  -- A string; its outer blanks are made to last.
  local function quoted(text)
    text = text:gsub("\\", "\\\\"):gsub('"', '\\"')
    text = text:gsub("^ +", "\u{a0}"):gsub(" +$", "\u{a0}")
    return '"' .. text .. '"'
  end

  local classes = {
    ord = "normal", op = "large", bin = "binary", rel = "relation", open = "opening", close = "closing", punct = "punctuation",
    inner = "normal",
  }

  local fonts = {
    rm = "upright(%s)", bf = "upright(bold(%s))", it = "italic(%s)", tt = "mono(%s)", sf = "upright(sans(%s))", cal = "cal(%s)",
    scr = "scr(%s)", frak = "frak(%s)", bb = "bb(%s)", bm = "bold(%s)", normal = "%s",
  }
  local function in_font(font, body) return (fonts[font]:gsub("%%s", (body:gsub("%%", "%%%%")))) end

  -- Fonts in which neighbouring letters are one word: \mathrm{MSE}.
  local words = {rm = true, bf = true, it = true, tt = true, sf = true}

  -- The arguments of a call: an empty one would be dropped, so it is an empty string.
  local function argument(list)
    local body = row(list)
    return body == "" and '""' or body
  end

  local function spaced(em)
    if math.abs(em - 1 / 6) < 1e-6 then return "thin" end
    if math.abs(em - 2 / 9) < 1e-6 then return "med" end
    if math.abs(em - 5 / 18) < 1e-6 then return "thick" end
    if em == 1 then return "quad" end
    if em == 2 then return "wide" end
    return ("#h(%.4gem)"):format(em)
  end

  -- Text carries its own blanks: next to it, a blank in Typst's source would show.
  local function joined(pieces)
    local out, text = "", false
    for _, piece in ipairs(pieces) do
      if piece.code ~= "" then
        local together = text or piece.first
        if out ~= "" and not together then
          out = out .. " "
        elseif together and out:match("[%w\128-\255]$") and piece.code:match("^[%w\128-\255]") then
          out = out .. '""' -- parts two names without a blank
        end
        out, text = out .. piece.code, piece.last
      end
    end
    return out
  end

  local opens = {group = true, style = true, colour = true, size = true, text = false}

  -- Does a node begin (or, from the end, stop) with text?
  local function text_edge(node, from_end)
    if node.k == "text" then return true end
    if node.k == "num" then return node.text:match(",") ~= nil end
    if node.k == "func" then return false end
    if node.k == "font" and not words[node.font] or node.k ~= "font" and not opens[node.k] then return false end
    local inner = node.list[from_end and #node.list or 1]
    if node.k == "group" and not inner then return true end
    if node.k == "font" and inner and (inner.k == "letter" or inner.k == "num") then return true end
    return inner ~= nil and text_edge(inner, from_end)
  end

  -- TeX keeps a thin space between dots and what they stand for.
  local close_to_dots = {open = true, bin = true, rel = true}
  local function beside_dots(node, before)
    if not node or node.k == "space" or node.k == "sym" and (close_to_dots[node.cls] or node.cls == (before and "punct" or "close") or node.cls == "inner" and before) then return "" end
    if node.k == "sym" and before == false and node.cls == "punct" then return "" end
    return "thin"
  end

  row = function(list)
    local pieces = {}
    local function plain(code) pieces[#pieces + 1] = {code = code} end
    for index, node in ipairs(list) do
      local code = set(node)
      local dots = node.k == "sym" and node.cls == "inner"
      local empty = code == "" and node.k == "group" and list[index + 1]
      if dots then plain(beside_dots(list[index - 1], true)) end
      -- An empty group is something for a sign to stand after: {}-x.
      if empty then code = '""' end
      local box = code:match("^#box%(") ~= nil
      pieces[#pieces + 1] = {code = code, first = box or text_edge(node, false), last = box or text_edge(node, true)}
      if dots then plain(beside_dots(list[index + 1], false)) end
    end
    return joined(pieces)
  end

  local function call(name, ...)
    return name .. "(" .. table.concat({...}, ", ") .. ")"
  end

  -- After these letters Libertinus Math sets a subscript so close that they touch; the space in ems of the subscript's size.
  local close_subscripts = {y = 0.12, v = 0.1, w = 0.12, g = 0.1, f = 0.06, ["θ"] = 0.08}

  local function subscript(base, list)
    local body = argument(list)
    while base and (base.k == "accent" or base.k == "group") and #base.list == 1 do base = base.list[1] end
    local space = base and close_subscripts[base.ch]
    return space and ("#h(%gem) "):format(space) .. body or body
  end

  local function big(node) return ("lr(size: #%.3gem, %s)"):format(node.size, escaped(node.delim)) end

  -- -- scripts ------------------------------------------------------------------------------------------------------

  local function scripts(node)
    local base = node.base
    if base and base.k == "brace" then
      -- What stands beyond the brace is its label.
      local below = base.kind:match("^under") ~= nil
      local note, other, place = node.sup, node.sub, "b: "
      if below then note, other, place = node.sub, node.sup, "t: " end
      local braced = note and call(base.kind, argument(base.list), argument(note)) or set(base)
      if not other then return braced end
      return call("attach", "limits(" .. braced .. ")", place .. argument(other))
    end
    local parts = {base and set(base) or '""'}
    if parts[1] == "" then parts[1] = '""' end
    -- Beside a tall sign scripts stand at its ends, if it is in a box.
    if base and base.k == "big" and base.delim ~= "" then parts[1] = "#box($" .. big(base) .. "$)" end
    if base and base.k == "scripts" and base.closed and not node.place then parts[1] = "limits(" .. parts[1] .. ")" end
    if node.presup then parts[#parts + 1] = "tl: " .. argument(node.presup) end
    if node.presub then parts[#parts + 1] = "bl: " .. argument(node.presub) end
    -- Scripts in front belong to the corners, and so do those behind them.
    local corner = (node.presup or node.presub) and "r" or ""
    -- Typst would set the scripts of a relation below and above it.
    local relation = base and (base.cls == "rel" and (base.k == "sym" or base.k == "class") or base.k == "negated" or base.k == "stack" or base.k == "arrow")
    if relation and not node.place then parts[1] = "scripts(" .. parts[1] .. ")" end
    if node.place == "limits" then parts[1] = "limits(" .. parts[1] .. ")" end
    if node.place == "nolimits" then parts[1] = "scripts(" .. parts[1] .. ")" end
    if node.primes > 0 then
      local primes = "primes(#" .. node.primes .. ")"
      if node.sup then parts[#parts + 1] = "tr: " .. primes else parts[#parts + 1] = "t" .. corner .. ": " .. primes end
    end
    if node.sub then parts[#parts + 1] = "b" .. corner .. ": " .. subscript(base, node.sub) end
    if node.sup then parts[#parts + 1] = "t" .. corner .. ": " .. argument(node.sup) end
    if #parts == 1 then return parts[1] end
    return call("attach", table.unpack(parts))
  end

  -- -- nodes --------------------------------------------------------------------------------------------------------

  local accents = {
    hat = "hat", widehat = "hat", tilde = "tilde", widetilde = "tilde", bar = "macron", vec = "arrow", dot = "dot",
    ddot = "dot.double", dddot = "dot.triple", ddddot = "dot.quad", overleftrightarrow = "arrow.l.r", overrightharpoon = "harpoon", check = "caron", widecheck = "caron", breve = "breve", acute = "acute",
    grave = "grave", mathring = "circle", overrightarrow = "arrow", overleftarrow = "arrow.l",
  }

  local setters = {}

  function setters.letter(node) return node.ch end
  function setters.num(node) return node.text:match(",") and quoted(node.text) or node.text:match("^%.") and '"' .. node.text .. '"' or node.text end
  function setters.sym(node)
    -- Typst's own classes of these differ from TeX's.
    if node.ch == "√" then return 'class("normal", lr(\\√))' end -- `lr` centres it: the glyph hangs below the line
    if node.name == "colon" or node.ch == "‖" or node.ch == "|" then
      return 'class("' .. classes[node.cls] .. '", ' .. escaped(node.ch) .. ")"
    end
    return escaped(node.ch)
  end
  function setters.group(node)
    -- {=} and {,} are ordinary signs to TeX.
    local only = node.list[1]
    if #node.list == 1 and only.k == "sym" and (only.cls == "rel" or only.cls == "bin" or only.cls == "punct") then
      return 'class("normal", ' .. set(only) .. ")"
    end
    return row(node.list)
  end
  function setters.text(node)
    local pieces = {}
    for _, part in ipairs(node.parts) do
      if type(part) == "string" then
        pieces[#pieces + 1] = in_font(node.font, quoted(part))
      else
        pieces[#pieces + 1] = set(part)
      end
    end
    local all = {}
    for _, code in ipairs(pieces) do all[#all + 1] = {code = code, first = true, last = true} end
    return joined(all)
  end
  function setters.func(node)
    return "op(" .. quoted(node.name) .. (node.limits and ", limits: #true" or "") .. ")"
  end
  setters.scripts = scripts
  function setters.frac(node)
    local code = call("frac", argument(node.num), argument(node.den))
    if node.bar == false then code = call("mat", "delim: #none", argument(node.num) .. " ; " .. argument(node.den)) end
    return node.style and node.style .. "(" .. code .. ")" or code
  end
  function setters.binom(node)
    local code = call("binom", argument(node.num), argument(node.den))
    return node.style and node.style .. "(" .. code .. ")" or code
  end
  function setters.sqrt(node)
    if node.index then return call("root", argument(node.index), argument(node.list)) end
    return call("sqrt", argument(node.list))
  end
  function setters.font(node)
    if not words[node.font] then return in_font(node.font, argument(node.list)) end
    local pieces, word = {}, ""
    local function flush()
      if word == "" then return end
      local code = #word > 1 and quoted(word) or word
      pieces[#pieces + 1] = {code = in_font(node.font, code), first = #word > 1, last = #word > 1}
      word = ""
    end
    for _, inner in ipairs(node.list) do
      if inner.k == "letter" or inner.k == "num" then
        word = word .. (inner.ch or inner.text)
      elseif inner.k == "space" then
        word = word == "" and "" or word .. "\u{a0}"
      else
        flush()
        pieces[#pieces + 1] = {code = in_font(node.font, set(inner)), first = text_edge(inner, false), last = text_edge(inner, true)}
      end
    end
    flush()
    return joined(pieces)
  end
  function setters.accent(node)
    if node.accent == "overline" then return call("overline", argument(node.list)) end
    if node.accent == "underline" then return call("underline", argument(node.list)) end
    local arc = ({overparen = "overparen", wideparen = "overparen", overarc = "overparen", underparen = "underparen"})[node.accent]
    if arc then return call(arc, argument(node.list)) end
    local arrow = ({underrightarrow = "→", underleftarrow = "←", underleftrightarrow = "↔"})[node.accent]
    if arrow then
      return "#context {let it = $" .. row(node.list) .. "$; math.attach(math.limits(it), b: $stretch(" .. arrow .. ', size: #measure(it).width)$)}'
    end
    return call("accent", argument(node.list), accents[node.accent])
  end
  function setters.brace(node) return call(node.kind, argument(node.list)) end
  function setters.fence(node)
    local function side(delim) return delim == "" and "" or escaped(delim) end
    local open, close = side(node.open), side(node.close)
    return "lr(" .. joined({{code = open}, {code = row(node.list)}, {code = close}}) .. ")"
  end
  function setters.middle(node) return "mid(" .. escaped(node.delim) .. ")" end
  function setters.big(node)
    if node.delim == "" then return "" end
    return ('class("%s", %s)'):format(classes[node.cls], big(node))
  end
  function setters.env(node) return tables.set(node) end
  function setters.stack(node)
    local base = argument(node.base)
    local parts = {"limits(" .. base .. ")"}
    if node.over then parts[#parts + 1] = "t: " .. argument(node.over) end
    if node.under then parts[#parts + 1] = "b: " .. argument(node.under) end
    local code = call("attach", table.unpack(parts))
    local only = #node.base == 1 and node.base[1]
    if only and only.k == "sym" and (only.cls == "rel" or only.cls == "bin") then
      return 'class("' .. classes[only.cls] .. '", ' .. code .. ")"
    end
    return code
  end
  function setters.arrow(node)
    local parts = {"limits(stretch(" .. escaped(node.ch) .. ", size: #(100% + 0.8em)))"}
    if #node.over > 0 then parts[#parts + 1] = "t: " .. row(node.over) end
    if node.under then parts[#parts + 1] = "b: " .. argument(node.under) end
    return 'class("relation", ' .. call("attach", table.unpack(parts)) .. ")"
  end
  function setters.space(node) return spaced(node.em) end
  function setters.style(node) return node.style .. "(" .. argument(node.list) .. ")" end
  function setters.class(node)
    if node.cls == "op" then return "op(" .. argument(node.list) .. (node.limits and ", limits: #true" or "") .. ")" end
    return 'class("' .. classes[node.cls] .. '", ' .. argument(node.list) .. ")"
  end
  function setters.phantom(node)
    local body = "$" .. row(node.list) .. "$"
    if node.how ~= "v" then return "#hide(" .. body .. ")" end
    return "#hide(" .. body .. ")#context h(-measure(" .. body .. ").width)"
  end
  function setters.cancel(node)
    local how = {up = "", down = "inverted: #true, ", both = "cross: #true, "}
    return "cancel(" .. how[node.how] .. argument(node.list) .. ")"
  end
  function setters.box(node)
    local stroke = node.stroke and 'stroke: 0.5pt + rgb("#' .. node.stroke .. '"), ' or not (node.fill or node.plain) and "stroke: 0.5pt, " or ""
    local fill = node.fill and 'fill: rgb("#' .. node.fill .. '"), ' or ""
    -- without leading a line is as high as the formula in it, and so is the frame
    return "#box(" .. stroke .. fill .. "inset: (x: 4pt), outset: (y: 4pt), {set par(leading: 0pt); $display(" .. argument(node.list) .. ")$})"
  end
  function setters.colour(node)
    return '#text(fill: rgb("#' .. node.name .. '"), $' .. row(node.list) .. "$)"
  end

  function setters.size(node) return ("#text(size: %.4gem, $%s$)"):format(node.em, row(node.list)) end
  function setters.lap(node)
    local shift = {l = "h(-size.width) + it", r = "it + h(-size.width)", c = "h(-size.width / 2) + it + h(-size.width / 2)"}
    return "#context {let it = $" .. row(node.list) .. "$; let size = measure(it); " .. shift[node.side] .. "}"
  end
  function setters.raise(node) return ("#box(baseline: %.4gem, $%s$)"):format(-node.em, row(node.list)) end
  function setters.rule(node) return ("#box(width: %.4gem, height: %.4gem, fill: black)"):format(node.width, node.height) end
  function setters.negated(node) return 'class("relation", cancel(' .. argument(node.list) .. "))" end
  function setters.tag(node) return "wide "  .. setters.text({font = "rm", parts = node.parts}) end

  set = function(node) return setters[node.k](node) end

  tables = part("typst-tables.lua")({
    row = function(list) return row(list) end, argument = argument, call = call, escaped = escaped,
    text = function(node) return set(node) end,
  })

  --- The Typst source of a formula, as it stands between dollar signs.
  function M.write(tree, display)
    return display and tables.whole(tree) or row(tree)
  end

  return M
end
