-- Sets the tree of a formula (tex.lua) as Typst. Signs are written as characters, not by name: Typst renames symbols, and
-- an escaped bracket is one that Typst neither stretches nor pairs, which is what TeX means by it.

return function(symbols)
  local M = {}
  local row, set

  local special = "[#$\"&_^/\\'`~@:;,()%[%]{}|.]"
  local function escaped(text)
    if text == "\\" then return "\\\\" end
    if text:match("^" .. special .. "$") then return "\\" .. text end
    if text == "⟨" or text == "⟩" or text == "⌊" or text == "⌋" or text == "⌈" or text == "⌉" then return "\\" .. text end
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
    rm = "upright(%s)", bf = "upright(bold(%s))", it = "italic(%s)", tt = "mono(%s)", sf = "sans(%s)", cal = "cal(%s)",
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
        local together = text or piece.text
        if out ~= "" and not together then
          out = out .. " "
        elseif together and out:match("[%w\128-\255]$") and piece.code:match("^[%w\128-\255]") then
          out = out .. '""' -- parts two names without a blank
        end
        out, text = out .. piece.code, piece.text
      end
    end
    return out
  end

  local function is_text(node)
    if node.k == "text" then return true end
    return node.k == "font" and words[node.font] or node.k == "num" and node.text:match(",") ~= nil
  end

  row = function(list)
    local pieces = {}
    for _, node in ipairs(list) do pieces[#pieces + 1] = {code = set(node), text = is_text(node)} end
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
    if base and base.k == "stack" then parts[1] = "scripts(" .. parts[1] .. ")" end
    if node.place == "limits" then parts[1] = "limits(" .. parts[1] .. ")" end
    if node.place == "nolimits" then parts[1] = "scripts(" .. parts[1] .. ")" end
    if node.primes > 0 then
      local primes = "primes(#" .. node.primes .. ")"
      if node.sup then parts[#parts + 1] = "tr: " .. primes else parts[#parts + 1] = "t: " .. primes end
    end
    if node.sub then parts[#parts + 1] = "b: " .. subscript(base, node.sub) end
    if node.sup then parts[#parts + 1] = "t: " .. argument(node.sup) end
    if #parts == 1 then return parts[1] end
    return call("attach", table.unpack(parts))
  end

  -- -- rows and columns ---------------------------------------------------------------------------------------------

  -- The cells of one line of an alignment: right and left by turns, with a gap before each further pair.
  local function aligned_line(cells)
    local out = {}
    for index, cell in ipairs(cells) do
      local body = row(cell)
      local first = cell[1]
      for _, node in ipairs(cell) do
        first = node
        if node.k ~= "space" then break end
      end
      -- A line that goes on with "+ …" keeps the space of a sum.
      if index > 1 and first and first.k == "sym" and first.cls == "bin" then body = '"" ' .. body end
      if index > 1 and index % 2 == 1 then body = "wide " .. body end
      out[#out + 1] = body
    end
    return table.concat(out, " & ")
  end

  -- eqnarray has its relation in a column of its own.
  local function eqnarray_line(cells)
    local rest = {}
    for index = 2, #cells do rest[#rest + 1] = row(cells[index]) end
    if #rest == 0 then return row(cells[1]) end
    return row(cells[1]) .. " & " .. table.concat(rest, " ")
  end

  local function line_of(env)
    if env.kind == "eqnarray" then return eqnarray_line end
    return aligned_line
  end

  local function lines(env)
    local out = {}
    for _, cells in ipairs(env.rows) do out[#out + 1] = line_of(env)(cells) end
    return out
  end

  local delims = {pmatrix = "(", bmatrix = "[", Bmatrix = "{", vmatrix = "|", Vmatrix = "‖"}

  local function grid(rows)
    local width, out = 0, {}
    for _, cells in ipairs(rows) do width = math.max(width, #cells) end
    for _, cells in ipairs(rows) do
      local line = {}
      for index = 1, width do line[index] = argument(cells[index] or {}) end
      out[#out + 1] = table.concat(line, ", ")
    end
    return table.concat(out, "; ")
  end

  local function array(env)
    local columns, rules, seen = {}, {}, 0
    for char in env.columns:gmatch(".") do
      if char == "|" then rules[#rules + 1] = seen else seen = seen + 1 columns[seen] = char end
    end
    local options = {"delim: #none"}
    local augment = {}
    local function inner(list, last)
      local kept = {}
      for _, at in ipairs(list) do
        assert(at > 0 and at < last, {refused = "a line around an array is not known"})
        kept[#kept + 1] = tostring(at)
      end
      return kept
    end
    if #rules > 0 then augment[#augment + 1] = "vline: (" .. table.concat(inner(rules, seen), ",") .. ",)" end
    if #env.lines > 0 then augment[#augment + 1] = "hline: (" .. table.concat(inner(env.lines, #env.rows), ",") .. ",)" end
    if #augment > 0 then
      options[#options + 1] = "augment: #(" .. table.concat(augment, ", ") .. ", stroke: 0.5pt)"
    end
    -- Alignment points place a cell's content in its column.
    local rows = {}
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index = 1, math.max(seen, #cells) do
        local body, side = argument(cells[index] or {}), columns[index]
        if side == "l" then body = "& " .. body elseif side == "r" then body = body .. " &" end
        line[index] = body
      end
      rows[#rows + 1] = table.concat(line, ", ")
    end
    return call("mat", table.concat(options, ", "), table.concat(rows, "; "))
  end

  local function cases(env)
    local out = {}
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index, cell in ipairs(cells) do
        local body = argument(cell)
        if env.name == "dcases" or env.name == "drcases" then body = "display(" .. body .. ")" end
        line[index] = index == 1 and body or "quad " .. body
      end
      -- Every column is flush left.
      out[#out + 1] = "& " .. table.concat(line, " && ")
    end
    local reverse = env.name:match("^d?rcases$") and "reverse: #true, " or ""
    return "cases(" .. reverse .. table.concat(out, ", ") .. ")"
  end

  local function environment(env)
    if env.kind == "cases" then return cases(env) end
    if env.kind == "array" then return array(env) end
    if env.kind == "matrix" then
      local delim = delims[env.name] and '"' .. delims[env.name] .. '"' or "#none"
      assert(#env.lines == 0, {refused = "\\hline is not known in a " .. env.name})
      local code = call("mat", "delim: " .. delim, grid(env.rows))
      return code
    end
    if env.kind == "substack" then return call("mat", "delim: #none", "row-gap: #0.3em", grid(env.rows)) end
    -- An alignment inside something larger.
    return call("mat", "delim: #none", "row-gap: #0.6em", table.concat(lines(env), "; "))
  end

  -- -- nodes --------------------------------------------------------------------------------------------------------

  local accents = {
    hat = "hat", widehat = "hat", tilde = "tilde", widetilde = "tilde", bar = "macron", vec = "arrow", dot = "dot",
    ddot = "dot.double", dddot = "dot.triple", check = "caron", widecheck = "caron", breve = "breve", acute = "acute",
    grave = "grave", mathring = "circle", overrightarrow = "arrow", overleftarrow = "arrow.l",
  }

  local setters = {}

  function setters.letter(node) return node.ch end
  function setters.num(node) return node.text:match(",") and quoted(node.text) or node.text:match("^%.") and '"' .. node.text .. '"' or node.text end
  function setters.sym(node)
    -- Typst's own classes of these differ from TeX's.
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
    for _, code in ipairs(pieces) do all[#all + 1] = {code = code, text = true} end
    return joined(all)
  end
  function setters.func(node)
    return "op(" .. quoted(node.name) .. (node.limits and ", limits: #true" or "") .. ")"
  end
  setters.scripts = scripts
  function setters.frac(node)
    local code = call("frac", argument(node.num), argument(node.den))
    if node.bar == false then code = call("mat", "delim: #none", argument(node.num) .. "; " .. argument(node.den)) end
    return node.style and node.style .. "(" .. code .. ")" or code
  end
  function setters.binom(node) return call("binom", argument(node.num), argument(node.den)) end
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
      pieces[#pieces + 1] = {code = in_font(node.font, code), text = #word > 1}
      word = ""
    end
    for _, inner in ipairs(node.list) do
      if inner.k == "letter" or inner.k == "num" then
        word = word .. (inner.ch or inner.text)
      elseif inner.k == "space" then
        word = word == "" and "" or word .. "\u{a0}"
      else
        flush()
        pieces[#pieces + 1] = {code = in_font(node.font, set(inner)), text = is_text(inner)}
      end
    end
    flush()
    return joined(pieces)
  end
  function setters.accent(node)
    if node.accent == "overline" then return call("overline", argument(node.list)) end
    if node.accent == "underline" then return call("underline", argument(node.list)) end
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
    return ('class("%s", lr(size: #%.3gem, %s))'):format(classes[node.cls], node.size, escaped(node.delim))
  end
  function setters.env(node)
    -- Typst sets cells one size below their surroundings: from display that is TeX's size, from inline that of a substack.
    local small = node.kind == "substack" or node.name == "smallmatrix"
    return (small and "inline(" or "display(") .. environment(node) .. ")"
  end
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
  function setters.phantom(node) return "#hide($" .. row(node.list) .. "$)" end
  function setters.cancel(node)
    local how = {up = "", down = "inverted: #true, ", both = "cross: #true, "}
    return "cancel(" .. how[node.how] .. argument(node.list) .. ")"
  end
  function setters.box(node)
    return "#box(stroke: 0.5pt, inset: (x: 4pt), outset: (y: 4pt), $display(" .. argument(node.list) .. ")$)"
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
  function setters.tag(node) return "wide " .. setters.text({font = "rm", parts = node.parts}) end

  set = function(node) return setters[node.k](node) end

  -- The alignment that makes up a whole formula, but for a closing full stop or comma.
  local function whole_alignment(tree)
    local env = tree[1]
    if not env or env.k ~= "env" or not (env.kind == "aligned" or env.kind == "gathered" or env.kind == "eqnarray") then return nil end
    local tail = {}
    for index = 2, #tree do
      local node = tree[index]
      if node.k ~= "space" and not (node.k == "sym" and (node.cls == "punct" or node.ch == ".")) then return nil end
      tail[#tail + 1] = node
    end
    return env, tail
  end

  --- The Typst source of a formula, as it stands between dollar signs.
  function M.write(tree, display)
    local env, tail = whole_alignment(tree)
    if not env or not display then return row(tree) end
    local out = lines(env)
    if #tail > 0 then out[#out] = out[#out] .. " " .. row(tail) end
    return table.concat(out, " \\\n")
  end

  return M
end
