-- Speaks the tree of a formula (tex.lua) in plain English, for its alternative text: "partial y by partial x sub 2 equals
-- minus 1". The words hold no sign that a screen reader would spell out.

return function(symbols)
  local M = {}
  local row, say

  local function join(words)
    local kept = {}
    for _, word in ipairs(words) do
      if word and word ~= "" then kept[#kept + 1] = word end
    end
    return table.concat(kept, " ")
  end

  -- Nodes that are printed: no spaces, groups opened.
  local function flat(list)
    local out = {}
    for _, node in ipairs(list) do
      if node.k == "group" or node.k == "style" or node.k == "colour" then
        for _, inner in ipairs(flat(node.list)) do out[#out + 1] = inner end
      elseif node.k ~= "space" and node.k ~= "phantom" then
        out[#out + 1] = node
      end
    end
    return out
  end

  local function is_sign(node, char) return node ~= nil and node.k == "sym" and node.ch == char end

  -- One thing, which needs no words that say where it ends.
  local function simple(list)
    local nodes = flat(list)
    if #nodes ~= 1 then return false end
    local node = nodes[1]
    if node.k == "scripts" then
      return node.base ~= nil and simple({node.base}) and node.sup == nil and (node.sub == nil or simple(node.sub))
    end
    if node.k == "font" or node.k == "accent" then return simple(node.list) or node.k == "font" end
    return node.k == "letter" or node.k == "num" or node.k == "sym" and node.cls == "ord" or node.k == "text" or node.k == "func"
  end

  -- A product of simple things without signs, as "i j" or "2 x".
  local function short(list)
    local nodes = flat(list)
    if #nodes > 3 then return false end
    for _, node in ipairs(nodes) do
      if not simple({node}) and not is_sign(node, ",") then return false end
    end
    return true
  end

  -- -- letters and names ------------------------------------------------------------------------------------------

  local letters = setmetatable({}, {__index = function(_, char)
    if char:match("^%u$") then return "capital " .. char end
    return char
  end})

  local fonts = {bf = "bold ", bm = "bold ", bb = "double-struck ", frak = "Gothic ", cal = "script ", scr = "script "}

  -- Sets of numbers have names of their own.
  local number_sets = {R = "the real numbers", N = "the natural numbers", Z = "the integers", Q = "the rational numbers", C = "the complex numbers"}

  local function text(node)
    local words = {}
    for _, part in ipairs(node.parts) do
      words[#words + 1] = type(part) == "string" and part:gsub("\u{a0}", " ") or say(part)
    end
    local spoken = table.concat(words, " ")
    spoken = spoken:gsub("[\\{}$^_]", function(sign)
      return ({["\\"] = " backslash ", ["{"] = " brace ", ["}"] = " brace ", ["$"] = " dollars ", ["^"] = " caret ", ["_"] = " underscore "})[sign]
    end)
    return spoken
  end

  local function name_of(func) return func.say or symbols.spoken_names[func.name] or func.name end

  -- -- fractions ----------------------------------------------------------------------------------------------------

  local parts_of_one = {["1/2"] = "one half", ["1/3"] = "one third", ["2/3"] = "two thirds", ["1/4"] = "one quarter", ["3/4"] = "three quarters"}

  -- "d" and "∂" begin both halves of a derivative.
  local function differential(list)
    local first = flat(list)[1]
    if not first then return nil end
    if first.k == "scripts" and first.base then first = flat({first.base})[1] or first end
    if first.k == "font" then first = flat(first.list)[1] or first end
    if is_sign(first, "∂") then return "∂" end
    if first.k == "letter" and first.ch == "d" then return "d" end
    return nil
  end

  local function fraction(node)
    local num, den = flat(node.num), flat(node.den)
    if #num == 1 and #den == 1 and num[1].k == "num" and den[1].k == "num" then
      local known = parts_of_one[num[1].text .. "/" .. den[1].text]
      if known then return known end
    end
    local kind = differential(node.den)
    if kind and kind == differential(node.num) then return row(node.num) .. " by " .. row(node.den) end
    if simple(node.num) and simple(node.den) then return row(node.num) .. " over " .. row(node.den) end
    local nested = false
    for _, inner in ipairs(num) do nested = nested or inner.k == "frac" end
    return "the fraction " .. row(node.num) .. (nested and " all over " or " over ") .. row(node.den) .. ", end fraction,"
  end

  -- -- scripts ------------------------------------------------------------------------------------------------------

  local function lower(list)
    local first = flat(list)[1]
    if not first then return nil end
    if first and first.k == "sym" and first.cls == "rel" then return "sub " .. row(list):gsub("^is ", "") end
    if short(list) then return "sub " .. row(list) end
    return "sub " .. row(list) .. ", end sub,"
  end

  local powers = {["2"] = "squared", ["3"] = "cubed"}
  local superscripts = {
    ["⊤"] = "transpose", ["∗"] = "star", ["⋆"] = "star", ["†"] = "dagger", ["‡"] = "double dagger", ["+"] = "plus", ["−"] = "minus",
    ["∘"] = "degrees", ["′"] = "prime",
  }

  local norms = {["|"] = true, ["‖"] = true}

  -- Of a norm, T is a power; of a bracket it may be either; else it transposes.
  local function raised_to_t(base)
    local closing = base and (base.k == "fence" and base.close or base.k == "sym" and base.ch)
    if norms[closing] then return "to the power capital T" end
    if base == nil or closing == ")" or closing == "]" then return "superscript capital T" end
    return "transpose"
  end

  local function power(list, base)
    local nodes = flat(list)
    if #nodes == 0 then return nil end
    if #nodes == 1 then
      local node = nodes[1]
      if node.k == "num" and powers[node.text] then return powers[node.text] end
      if node.k == "letter" and node.ch == "T" then return raised_to_t(base) end
      if node.k == "font" then
        local inner = flat(node.list)
        if #inner == 1 and inner[1].k == "letter" and inner[1].ch == "T" and node.font ~= "cal" then return "transpose" end
      end
      if node.k == "sym" and superscripts[node.ch] then return superscripts[node.ch] end
      if node.k == "text" then return "superscript " .. text(node) end
      if node.k == "fence" then return "superscript " .. row(node.list) end
    end
    -- W^{(l)} and W^{[l]} are indices, not powers.
    if is_sign(nodes[1], "(") and is_sign(nodes[#nodes], ")") or is_sign(nodes[1], "[") and is_sign(nodes[#nodes], "]") then
      return "superscript " .. row({table.unpack(nodes, 2, #nodes - 1)})
    end
    if #nodes == 2 and (is_sign(nodes[1], "−") or is_sign(nodes[1], "+")) and simple({nodes[2]}) then
      return "to the power " .. row(nodes)
    end
    if short(list) then return "to the power " .. row(list) end
    return "to the power " .. row(list) .. ", end power,"
  end

  local function primes(count)
    if count == 0 then return nil end
    return ({"prime", "double prime", "triple prime"})[count] or (count .. " primes")
  end

  -- Operators whose scripts are their range.
  local function ranged(base, node)
    local range = {}
    if node.sub then
      local nodes = flat(node.sub)
      local has_relation = false
      for _, inner in ipairs(nodes) do has_relation = has_relation or inner.k == "sym" and inner.cls == "rel" end
      if node.sup and has_relation then range[#range + 1] = "from " .. row(node.sub)
      elseif node.sup then range[#range + 1] = "from " .. row(node.sub)
      elseif base == "limit" then range[#range + 1] = "as " .. row(node.sub)
      else range[#range + 1] = "over " .. row(node.sub) end
    end
    if node.sup then range[#range + 1] = "to " .. row(node.sup) end
    return "the " .. base .. " " .. join(range) .. " of"
  end

  local function scripted(node)
    local base = node.base
    if base and (base.k == "sym" and base.cls == "op") and (node.sub or node.sup) then return ranged(base.say, node) end
    if base and base.k == "func" and base.limits and node.sub and not node.sup then return ranged(name_of(base), node) end
    if base and base.k == "class" and base.limits and node.sub and not node.sup then return ranged(row(base.list), node) end
    if base and base.k == "stack" and node.sub then return say(base) .. " " .. lower(node.sub) end
    if base and base.k == "brace" then
      local note = base.kind:match("^under") and node.sub or base.kind:match("^over") and node.sup
      if note then return row(base.list) .. ", braced as " .. row(note) .. "," end
    end
    if base and base.k == "fence" and base.open == "" and base.close == "|" then
      local where = node.sup and "from " .. row(node.sub or {}) .. " to " .. row(node.sup) or node.sub and "at " .. row(node.sub)
      return row(base.list) .. ", evaluated " .. (where or "") .. ","
    end
    if base and base.k == "font" and base.font == "bb" then
      local letter = flat(base.list)[1]
      if letter and letter.ch == "R" and node.sup and not node.sub then
        return "real space of dimension " .. row(node.sup):gsub(" times ", " by ")
      end
      if letter and letter.ch == "E" and node.sub and not node.sup then return ranged("expectation", node) end
    end
    local words = {}
    if base then
      local composite = base.k == "group" and #flat(base.list) > 1
      words[#words + 1] = composite and "the quantity " .. say(base) .. ", all," or say(base)
    end
    words[#words + 1] = primes(node.primes)
    if node.sub then words[#words + 1] = lower(node.sub) end
    if node.sup then words[#words + 1] = power(node.sup, base) end
    if base and base.k == "func" and node.sup and not node.sub then words[#words + 1] = "of" end
    return join(words)
  end

  -- -- brackets -----------------------------------------------------------------------------------------------------

  local opened = {
    ["("] = "open bracket", ["["] = "open square bracket", ["{"] = "open brace", ["⟨"] = "open angle bracket", ["⌊"] = "the floor of",
    ["⌈"] = "the ceiling of", ["|"] = "the absolute value of", ["‖"] = "the norm of",
  }
  local closed = {
    [")"] = "close bracket", ["]"] = "close square bracket", ["}"] = "close brace", ["⟩"] = "close angle bracket", ["⌋"] = ", end floor,",
    ["⌉"] = ", end ceiling,", ["|"] = ", end absolute value,", ["‖"] = ", end norm,",
  }

  local function fence(node)
    local list = flat(node.list)
    -- A brace or a bar around a table says nothing that the table does not.
    if #list == 1 and list[1].k == "env" then
      if node.open == "{" and node.close == "" then return "the system: " .. row(list) end
      if node.open == "[" or node.open == "(" then return row(list) end
      if node.open == "|" and node.close == "|" then return "the determinant of " .. row(list) end
    end
    if (node.open == "|" or node.open == "‖") and node.open == node.close and simple(node.list) then
      return opened[node.open] .. " " .. row(node.list)
    end
    return join({opened[node.open], row(node.list), closed[node.close] or ""})
  end

  local shut = {["("] = ")", ["["] = "]", ["|"] = "|", ["‖"] = "‖"}

  -- Where the bracket that opens at `from` closes.
  local function partner(nodes, from)
    local open = nodes[from].ch
    local close, depth = shut[open], 0
    for at = from + 1, #nodes do
      local node = nodes[at]
      if node.k == "scripts" and node.base then node = node.base end
      if is_sign(node, close) and depth == 0 then return at end
      if is_sign(node, close) then depth = depth - 1 elseif is_sign(node, open) and open ~= close then depth = depth + 1 end
    end
    return nil
  end

  -- Letters after which brackets hold arguments: f(x), σ(z), J(θ), p(y).
  local functional = {f = true, g = true, h = true, p = true, P = true, J = true, L = true, ["σ"] = true, ["φ"] = true, ["ϕ"] = true, ["ψ"] = true, ["ℜ"] = true, ["ℑ"] = true}

  local function takes_arguments(node)
    if node == nil then return false end
    if node.k == "func" then return true end
    if node.k == "letter" then return functional[node.ch] or false end
    if node.k == "sym" then return functional[node.ch] or false end
    if node.k == "font" then return node.font == "cal" or node.font == "scr" or node.font == "rm" end
    if node.k == "scripts" and node.base then
      -- sin²(x) and f⁽ⁿ⁾(x) are functions of x, p²(1 − p) is a product
      local index = node.sup and flat(node.sup)[1]
      return takes_arguments(node.base) and (node.sup == nil or node.base.k == "func" or is_sign(index, "("))
    end
    if node.k == "accent" then return takes_arguments(flat(node.list)[1]) end
    if node.k == "class" then return node.cls == "op" end
    return node.k == "text"
  end

  -- -- rows and columns ---------------------------------------------------------------------------------------------

  local function cells(row_of_cells)
    local words = {}
    for _, cell in ipairs(row_of_cells) do words[#words + 1] = #flat(cell) == 0 and "blank" or row(cell) end
    return table.concat(words, ", ")
  end

  local matrices = {vmatrix = "the determinant of ", Vmatrix = "the norm of "}

  local function environment(node)
    local rows, width = node.rows, 0
    for _, line in ipairs(rows) do width = math.max(width, #line) end
    if node.kind == "cases" then
      local words = {}
      for index, line in ipairs(rows) do
        local condition = line[2] and row(line[2]) or ""
        if condition ~= "" and not condition:match("^%s*if ") and not condition:match("^%s*for ") and not condition:match("^%s*otherwise") and not condition:match("^%s*else") and not condition:match("^%s*when ") then
          condition = "if " .. condition
        end
        words[#words + 1] = "case " .. index .. ", " .. join({row(line[1] or {}) , condition})
      end
      return #rows .. (#rows == 1 and " case: " or " cases: ") .. table.concat(words, "; ") .. "; end cases"
    end
    if node.kind == "matrix" or node.kind == "array" then
      local words = {}
      for index, line in ipairs(rows) do words[#words + 1] = "row " .. index .. ", " .. cells(line) end
      if #rows == 1 and width == 1 then return (matrices[node.name] or "") .. "the 1 by 1 matrix " .. cells(rows[1]) end
      return (matrices[node.name] or "") .. "the " .. #rows .. " by " .. width .. " " .. (node.kind == "array" and "array" or "matrix") .. ": "
        .. table.concat(words, "; ") .. "; end " .. (node.kind == "array" and "array" or "matrix")
    end
    if node.kind == "substack" then
      local words = {}
      for _, line in ipairs(rows) do words[#words + 1] = cells(line) end
      return table.concat(words, " and ")
    end
    local words = {}
    for index, line in ipairs(rows) do
      local cell_words = {}
      for column, cell in ipairs(line) do
        cell_words[#cell_words + 1] = (column > 2 and column % 2 == 1 and node.kind == "aligned" and ", " or "") .. row(cell)
      end
      words[#words + 1] = (#rows > 1 and "line " .. index .. ": " or "") .. join(cell_words)
    end
    return table.concat(words, "; ")
  end

  -- -- nodes --------------------------------------------------------------------------------------------------------

  local accents = {
    hat = "hat", widehat = "hat", tilde = "tilde", widetilde = "tilde", bar = "bar", overline = "bar", vec = "vector", dot = "dot",
    ddot = "double dot", dddot = "triple dot", check = "check", widecheck = "check", breve = "breve", acute = "acute", grave = "grave",
    mathring = "ring", underline = "underlined", overrightarrow = "with a right arrow above", overleftarrow = "with a left arrow above",
  }

  local speakers = {}

  function speakers.letter(node) return letters[node.ch] end
  function speakers.num(node) return node.text:gsub("^%.", "0.") .. "" end
  function speakers.sym(node) return node.say end
  function speakers.group(node) return row(node.list) end
  function speakers.text(node) return text(node) end
  function speakers.func(node) return name_of(node) end
  speakers.scripts = scripted
  speakers.frac = fraction
  function speakers.binom(node) return row(node.num) .. " choose " .. row(node.den) end
  function speakers.sqrt(node)
    local index = node.index and flat(node.index)[1]
    local root = "the square root of "
    if node.index then
      if index and index.k == "num" and index.text == "3" then root = "the cube root of " else root = "the root of order " .. row(node.index) .. " of " end
    end
    local list = flat(node.list)
    local single = #list == 1 and (list[1].k == "letter" or list[1].k == "num")
    return root .. row(node.list) .. (single and "" or ", end root,")
  end
  function speakers.font(node)
    local list = flat(node.list)
    if node.font == "bb" and #list == 1 then
      if list[1].k == "letter" and number_sets[list[1].ch] then return number_sets[list[1].ch] end
      if list[1].k == "letter" and list[1].ch == "E" then return "the expectation" end
      if list[1].k == "letter" and list[1].ch == "P" then return "the probability" end
    end
    -- Upright letters next to each other are one word.
    local words, word = {}, ""
    local upright = node.font == "rm" or node.font == "it" or node.font == "tt" or node.font == "sf"
    local function flush()
      if word == "" then return end
      words[#words + 1] = #word == 1 and letters[word] or symbols.spoken_names[word] or word
      word = ""
    end
    for _, inner in ipairs(node.list) do
      if upright and (inner.k == "letter" or inner.k == "num") then word = word .. (inner.ch or inner.text)
      else
        flush()
        words[#words + 1] = say(inner)
      end
    end
    flush()
    return (fonts[node.font] or "") .. join(words)
  end
  function speakers.accent(node)
    local name = accents[node.accent]
    if simple(node.list) then
      return node.accent == "vec" and "vector " .. row(node.list) or row(node.list) .. " " .. name
    end
    return "the quantity " .. row(node.list) .. ", " .. name .. ","
  end
  function speakers.brace(node) return row(node.list) .. ", braced," end
  function speakers.fence(node) return fence(node) end
  function speakers.middle(node) return node.delim == "|" and "given" or opened[node.delim] or "divided by" end
  function speakers.big(node)
    if node.delim == "|" then return "bar" elseif node.delim == "‖" then return "double bar" end
    return (opened[node.delim] or closed[node.delim] or "divided by"):gsub(",", "")
  end
  speakers.env = environment
  function speakers.stack(node)
    local base = flat(node.base)
    local func = base[1]
    if node.under and not node.over and (#base >= 1 and func.k == "func") then
      return ranged(row(base), {sub = node.under})
    end
    local words = {row(node.base)}
    local function mark(list) return is_sign(flat(list)[1], "∼") and "tilde" or row(list) end
    if node.over then words[#words + 1] = "with " .. mark(node.over) .. " above," end
    if node.under then words[#words + 1] = "with " .. mark(node.under) .. " below," end
    return join(words)
  end
  local arrows = {["→"] = "right arrow", ["←"] = "left arrow", ["↔"] = "two-way arrow", ["⇒"] = "double right arrow", ["⇐"] = "double left arrow", ["↦"] = "maps to", ["="] = "equals"}
  function speakers.arrow(node)
    local words = {arrows[node.ch]}
    if #flat(node.over) > 0 then words[#words + 1] = "labelled " .. row(node.over) .. "," end
    if node.under then words[#words + 1] = "with " .. row(node.under) .. " below," end
    return join(words)
  end
  function speakers.space() return "" end
  function speakers.style(node) return row(node.list) end
  function speakers.class(node) return row(node.list) end
  function speakers.phantom() return "" end
  local crossed = {up = "crossed out", down = "crossed out", both = "crossed out"}
  function speakers.cancel(node) return row(node.list) .. ", " .. crossed[node.how] .. "," end
  function speakers.box(node) return row(node.list) end
  function speakers.colour(node) return row(node.list) end

  say = function(node) return speakers[node.k](node) end

  -- The bracketed nodes from `at` to `close` as one node; what is attached to the closing bracket belongs to all of it.
  local function bracketed(nodes, at, close)
    local last = nodes[close]
    local node = {k = "fence", open = nodes[at].ch, list = {table.unpack(nodes, at + 1, close - 1)}}
    node.close = last.k == "scripts" and last.base.ch or last.ch
    if last.k ~= "scripts" then return node end
    return {k = "scripts", base = node, sub = last.sub, sup = last.sup, primes = last.primes}
  end

  -- The arguments of f in f(x).
  local function arguments(node)
    local list = (node.k == "scripts" and node.base or node).list
    local words = "of " .. row(list)
    if node.k == "scripts" then return join({words .. ", close bracket,", scripted({k = "scripts", sub = node.sub, sup = node.sup, primes = node.primes})}) end
    return words .. (short(list) and "" or ", close bracket,")
  end

  -- A list in its order, with what only neighbours tell: f(x), |x|, a product of derivatives.
  row = function(list)
    local nodes, words, at = flat(list), {}, 1
    local mapping = false -- f: X → Y
    while at <= #nodes do
      local node, previous, following = nodes[at], nodes[at - 1], nodes[at + 1]
      local bar = node.k == "sym" and (node.ch == "|" or node.ch == "‖")
      local close = node.k == "sym" and shut[node.ch] and (node.cls == "open" or bar and node.cls == "ord") and partner(nodes, at)
      if bar and close and (close == at + 1 or takes_arguments(previous)) then close = nil end
      local inner = close and bracketed(nodes, at, close) or node
      mapping = mapping or is_sign(node, ":")
      local fenced = inner.k == "scripts" and inner.base or inner
      if fenced and fenced.k == "fence" and fenced.open == "(" and takes_arguments(previous) then
        words[#words + 1] = arguments(inner)
      elseif close then
        words[#words + 1] = say(inner)
      elseif bar then
        words[#words + 1] = node.ch == "|" and "given" or "double bar"
      elseif node.k == "scripts" and is_sign(node.base, "|") then
        words[#words + 1] = ", evaluated at " .. row(node.sub or node.sup or {}) .. ","
      elseif is_sign(node, ":") and is_sign(following, "=") then
        words[#words + 1] = "is defined as"
        at = at + 1
      elseif is_sign(node, "!") and not previous then
        words[#words + 1] = "exclamation mark"
      elseif node.k == "func" and node.name == "arg" and following and (following.name == "min" or following.name == "max") then
        words[#words + 1] = "arg " .. following.name
        at = at + 1
      else
        if node.k == "frac" and previous and previous.k == "frac" then words[#words + 1] = "times" end
        local spoken = say(node)
        if is_sign(node, "→") and mapping then spoken = "to" end
        if is_sign(node, "/") and is_sign(following, "∂") then spoken = "by" end
        -- "the sum over i of", "hyperbolic tangent squared of" want something to follow
        local ends = {bin = true, rel = true, close = true, punct = true}
        if following == nil or following.k == "sym" and ends[following.cls] then spoken = spoken:gsub("^(.*) of$", "%1") end
        words[#words + 1] = spoken
      end
      if close then at = close end
      at = at + 1
    end
    return join(words)
  end

  --- The words for a formula's tree.
  function M.say(tree)
    local words = " " .. row(tree) .. " "
    words = words:gsub("\u{2009}", " "):gsub("\u{a0}", " "):gsub("of of ", "of "):gsub("%s+", " ")
    words = words:gsub(" ([,;])", "%1"):gsub(" %.(%s)", ".%1"):gsub(",[,%s]*,", ","):gsub(",%s*([;.:])", "%1"):gsub(",%s*$", "")
    words = words:gsub("^[%s,]+", ""):gsub("%s+$", "")
    return words
  end

  return M
end
