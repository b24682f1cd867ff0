-- Reads a TeX formula into a tree, which typst.lua sets and speech.lua speaks. What is not known here is refused by
-- name: a sign that silently vanished would be worse than a build that stops.
--
-- A tree is a list of nodes; a node is a table whose `k` names its kind:
--   letter ch | num text | sym ch cls say | group list | text parts font | func name limits say
--   scripts base sub sup primes place | frac num den style bar | binom num den | sqrt list index
--   font font list | accent accent list | brace kind list | fence open close list | middle delim | big size delim
--   env name rows columns lines | stack base over under | arrow ch over under | space em | style style list
--   class cls list | phantom list | cancel list how | box list | colour name list

return function(symbols)
  local M = {}

  local function refuse(reason) assert(false, {refused = reason}) end

  -- Digits that are written raised or lowered: x₂ is x_2, 10⁻⁷ is 10^{-7}.
  local small_digits = {}
  for index = 0, 9 do
    small_digits[utf8.char(0x2080 + index)] = {"sub", tostring(index)}
    small_digits[utf8.char(index == 1 and 0xb9 or index > 1 and index < 4 and 0xb0 + index or 0x2070 + index)] = {"sup", tostring(index)}
  end
  small_digits["⁻"], small_digits["⁺"], small_digits["₋"], small_digits["₊"] = {"sup", "-"}, {"sup", "+"}, {"sub", "-"}, {"sub", "+"}

  -- A node list under construction, and the place in the source.
  local Parser = {}
  Parser.__index = Parser

  -- The group that opens at `pos`, with its braces; an escaped brace counts for nothing.
  local function braced(src, pos)
    if src:sub(pos, pos) ~= "{" then return nil end
    local depth, at = 0, pos
    while at <= #src do
      local char = src:sub(at, at)
      if char == "\\" then at = at + 1
      elseif char == "{" then depth = depth + 1
      elseif char == "}" then
        depth = depth - 1
        if depth == 0 then return src:sub(pos, at) end
      end
      at = at + 1
    end
    return nil
  end

  function Parser:skip_blanks()
    while true do
      local _, stop = self.src:find("^%s+", self.pos)
      if not stop then _, stop = self.src:find("^%%[^\n]*\n?", self.pos) end
      if not stop then return end
      self.pos = stop + 1
    end
  end

  -- The next token without taking it: its kind ("command", "char", "end"), its text, and where it stops.
  function Parser:peek()
    self:skip_blanks()
    if self.pos > #self.src then return "end", "", self.pos end
    local name = self.src:match("^\\(%a+%*?)", self.pos)
    if name then
      if name:sub(-1) == "*" and name ~= "operatorname*" and name ~= "hspace*" and name ~= "tag*" then name = name:sub(1, -2) end
      return "command", name, self.pos + #name + 1
    end
    if self.src:sub(self.pos, self.pos) == "\\" then
      local char = self.src:match("^" .. utf8.charpattern, self.pos + 1) or ""
      return "command", char, self.pos + 1 + #char
    end
    local char = self.src:match("^" .. utf8.charpattern, self.pos)
    return "char", char, self.pos + #char
  end

  function Parser:take()
    local kind, text, stop = self:peek()
    self.pos = stop
    return kind, text
  end

  function Parser:at(kind, text)
    local found, name = self:peek()
    return found == kind and name == text
  end

  -- One argument: a group's content, or a single token with nothing attached to it.
  function Parser:argument()
    if self:at("char", "{") then
      self:take()
      local list = self:list("}")
      self:expect("}")
      return list
    end
    local kind, text, stop = self:peek()
    if kind == "end" or kind == "char" and (text == "}" or text == "&") then refuse("an argument is missing") end
    if kind == "char" and text:match("%d") then -- \frac12 and x_10 take one digit
      self.pos = stop
      return {{k = "num", text = text}}
    end
    local node = self:atom()
    return node and {node} or {}
  end

  function Parser:expect(char)
    if not self:at("char", char) then refuse("“" .. char .. "” is missing") end
    self:take()
  end

  -- The source text of a braced argument, for names, lengths and column descriptions.
  function Parser:raw_argument()
    self:skip_blanks()
    local inner = braced(self.src, self.pos)
    if not inner then
      local kind, text = self:take()
      if kind == "end" then refuse("an argument is missing") end
      return text
    end
    self.pos = self.pos + #inner
    return inner:sub(2, -2)
  end

  function Parser:optional()
    if not self:at("char", "[") then return nil end
    self:take()
    local list = self:list("]")
    self:expect("]")
    return list
  end

  function Parser:raw_optional()
    self:skip_blanks()
    local inner = self.src:match("^%b[]", self.pos)
    if not inner then return nil end
    self.pos = self.pos + #inner
    return inner:sub(2, -2)
  end

  local unclosed = {right = "\\left has no \\right", cell = "an environment is not closed"}

  -- Nodes up to `stop` ("}", "]", "right", "cell" or "end"), which is not taken.
  function Parser:list(stop)
    local outer = self.stop
    self.stop = stop
    local nodes = {}
    while not self:stopped(stop) do
      local kind, text = self:peek()
      if kind == "end" then refuse(unclosed[stop] or "a group is not closed") end
      if kind == "char" and (text == "^" or text == "_" or text == "'" or small_digits[text]) or kind == "command" and (text == "limits" or text == "nolimits") then
        local base = table.remove(nodes)
        nodes[#nodes + 1] = self:scripts(base)
      elseif kind == "command" and (text == "over" or text == "choose" or text == "atop") then
        self:take()
        local below = self:list(stop)
        nodes = {text == "choose" and {k = "binom", num = nodes, den = below} or {k = "frac", num = nodes, den = below, bar = text == "over"}}
      else
        local node = self:atom()
        if node then nodes[#nodes + 1] = node end
      end
    end
    self.stop = outer
    return nodes
  end

  function Parser:stopped(stop)
    local kind, text = self:peek()
    if kind == "end" then return stop == "end" end
    if kind == "char" then
      if text == "}" and stop ~= "}" then refuse("a closing brace has no opening one") end
      return text == stop or text == "&" and stop == "cell"
    end
    if stop == "cell" then return text == "\\" or text == "end" or text == "cr" or text == "tabularnewline" end
    return stop == "right" and text == "right"
  end

  -- What follows a base: subscripts, superscripts, primes, and where they stand.
  function Parser:scripts(base)
    local node = {k = "scripts", base = base, primes = 0}
    if base and base.k == "scripts" then
      -- x_i^2 arrives here in one go; x'_i and x_i' must join.
      node = base
    end
    while true do
      local kind, text = self:peek()
      if kind == "char" and text == "'" then
        self:take()
        node.primes = node.primes + 1
      elseif kind == "char" and (text == "^" or text == "_") then
        self:take()
        local field = text == "^" and "sup" or "sub"
        if node[field] then refuse("two " .. (field == "sup" and "superscripts" or "subscripts") .. " on one base") end
        local list = self:argument()
        -- x^\prime and x^{\prime\prime} are primes too.
        local primes = 0
        for _, inner in ipairs(list) do
          if inner.k == "sym" and inner.name == "prime" then primes = primes + 1 else primes = nil break end
        end
        if field == "sup" and primes and primes > 0 then node.primes = node.primes + primes else node[field] = list end
      elseif kind == "command" and (text == "limits" or text == "nolimits") then
        self:take()
        node.place = text
      elseif kind == "char" and small_digits[text] then
        local field, list = small_digits[text][1], {}
        while small_digits[text] and small_digits[text][1] == field do
          self:take()
          local char, last = small_digits[text][2], list[#list]
          if char:match("%d") and last and last.k == "num" then last.text = last.text .. char
          else list[#list + 1] = char:match("%d") and {k = "num", text = char} or symbols.char[char] end
          kind, text = self:peek()
        end
        if node[field] then refuse("two scripts in one place on one base") end
        node[field] = list
      else
        break
      end
    end
    return node
  end

  -- -- text ---------------------------------------------------------------------------------------------------------

  local text_fonts = {
    text = "rm", textrm = "rm", textnormal = "rm", textup = "rm", mbox = "rm", hbox = "rm", textbf = "bf", textit = "it",
    textsl = "it", emph = "it", texttt = "tt", textsf = "sf", textsc = "rm",
  }

  -- The argument of \text: strings, and formulas between dollar signs.
  local function read_text(src)
    local parts, word, pos = {}, {}, 1
    local function add(s) word[#word + 1] = s end
    local function flush()
      if #word > 0 then parts[#parts + 1] = table.concat(word) end
      word = {}
    end
    while pos <= #src do
      local char = src:match("^" .. utf8.charpattern, pos)
      local name = src:match("^\\(%a+)", pos)
      if name then
        pos = pos + 1 + #name
        local start = src:match("^%s*()", pos)
        local inner = braced(src, start)
        if text_fonts[name] and inner then
          pos = start + #inner
          flush()
          parts[#parts + 1] = {k = "text", parts = read_text(inner:sub(2, -2)), font = text_fonts[name]}
        elseif name == "ldots" or name == "dots" or name == "textellipsis" then
          pos = src:match("^%s*()", pos)
          add("…")
        elseif name == "quad" or name == "enspace" or name == "qquad" then
          pos = src:match("^%s*()", pos)
          add("\u{2003}")
        elseif name == "textbackslash" then
          pos = src:match("^%s*()", pos)
          add("\\")
        else
          refuse("\\" .. name .. " is not known in text")
        end
      elseif src:match("^\\[%$%%#&_{}]", pos) then
        add(src:sub(pos + 1, pos + 1))
        pos = pos + 2
      elseif src:match("^\\[ ,:;>\n]", pos) then
        add(" ")
        pos = pos + 2
      elseif src:match("^\\!", pos) then
        pos = pos + 2
      elseif src:match("^\\%(", pos) or char == "$" then
        local opening = char == "$" and 1 or 2
        local start, stop = pos + opening, nil
        if char == "$" then stop = src:find("$", start, true) else stop = src:find("\\)", start, true) end
        if not stop then refuse("a formula inside \\text is not closed") end
        flush()
        parts[#parts + 1] = {k = "group", list = M.read(src:sub(start, stop - 1))}
        pos = stop + opening
      elseif char == "\\" then
        refuse(src:sub(pos, pos + 1) .. " is not known in text")
      elseif char == "{" or char == "}" then
        pos = pos + 1
      elseif char == "~" then
        add("\u{a0}")
        pos = pos + 1
      elseif src:sub(pos, pos + 2) == "---" then
        add("—")
        pos = pos + 3
      elseif src:sub(pos, pos + 1) == "--" then
        add("–")
        pos = pos + 2
      elseif src:sub(pos, pos + 1) == "``" then
        add("“")
        pos = pos + 2
      elseif src:sub(pos, pos + 1) == "''" then
        add("”")
        pos = pos + 2
      elseif char == "`" or char == "'" then
        add(char == "`" and "‘" or "’")
        pos = pos + 1
      elseif char:match("%s") then
        add(" ")
        pos = src:match("^%s*()", pos)
      else
        add(char)
        pos = pos + #char
      end
    end
    flush()
    return parts
  end

  -- -- delimiters ---------------------------------------------------------------------------------------------------

  local delimiters = {
    ["("] = "(", [")"] = ")", ["["] = "[", ["]"] = "]", ["|"] = "|", ["/"] = "/", ["<"] = "⟨", [">"] = "⟩", ["."] = "",
    ["⟨"] = "⟨", ["⟩"] = "⟩", ["‖"] = "‖", ["∣"] = "|", ["∥"] = "‖",
  }
  local delimiter_commands = {
    ["{"] = "{", ["}"] = "}", ["|"] = "‖", lbrace = "{", rbrace = "}", lbrack = "[", rbrack = "]", vert = "|", Vert = "‖",
    lvert = "|", rvert = "|", lVert = "‖", rVert = "‖", mid = "|", parallel = "‖", langle = "⟨", rangle = "⟩", lfloor = "⌊",
    rfloor = "⌋", lceil = "⌈", rceil = "⌉", backslash = "\\", uparrow = "↑", downarrow = "↓", updownarrow = "↕",
    lgroup = "⟮", rgroup = "⟯", lt = "⟨", gt = "⟩",
  }

  function Parser:delimiter(command)
    local kind, text = self:take()
    local found
    if kind == "char" then found = delimiters[text] elseif kind == "command" then found = delimiter_commands[text] end
    if not found then refuse("\\" .. command .. " needs a delimiter") end
    return found
  end

  -- -- environments -------------------------------------------------------------------------------------------------

  local environments = {
    matrix = "matrix", pmatrix = "matrix", bmatrix = "matrix", Bmatrix = "matrix", vmatrix = "matrix", Vmatrix = "matrix",
    smallmatrix = "matrix", array = "array", subarray = "array", cases = "cases", dcases = "cases", rcases = "cases",
    drcases = "cases", aligned = "aligned", align = "aligned", alignedat = "aligned", alignat = "aligned", split = "aligned",
    flalign = "aligned", gather = "gathered", gathered = "gathered", multline = "gathered", multlined = "gathered",
    equation = "gathered", displaymath = "gathered", math = "gathered", eqnarray = "eqnarray",
  }

  function Parser:rows()
    local rows, lines, row = {}, {}, {}
    while true do
      -- \hline stands where a row begins.
      while self:at("command", "hline") or self:at("command", "midrule") do
        self:take()
        lines[#lines + 1] = #rows
      end
      row[#row + 1] = self:list("cell")
      local kind, text = self:take()
      if kind == "end" then refuse("an environment is not closed") end
      if text ~= "&" then
        rows[#rows + 1], row = row, {}
        if text == "end" then break end
        -- \\[2pt]; a bracket with anything else in it belongs to the next line
        local stop = self.src:match("^%s*%*?%s*%[%s*%-?[%d.]+%s*%a%a%s*%]()", self.pos)
        if stop then self.pos = stop end
      end
    end
    -- A last row that holds nothing comes of a trailing \\.
    local last = rows[#rows]
    if #last == 1 and #last[1] == 0 then rows[#rows] = nil end
    return rows, lines
  end

  function Parser:environment()
    local given = self:raw_argument()
    local name = given:gsub("%*$", "")
    local kind = environments[name]
    if not kind then refuse("the environment “" .. given .. "” is not known") end
    local node = {k = "env", kind = kind, name = name}
    if name == "array" or name == "subarray" then
      self:raw_optional()
      node.columns = self:raw_argument():gsub("[@!>]%b{}", ""):gsub("%s", "")
      if node.columns:match("[^lcr|]") then refuse("the columns “" .. node.columns .. "” of an array are not known") end
    elseif name == "alignat" or name == "alignedat" then
      self:raw_argument()
    elseif kind ~= "cases" then
      self.src = self.src:sub(1, self.pos - 1) .. self.src:sub(self.pos):gsub("^%s*%[[tcb]%]", "", 1)
    end
    node.rows, node.lines = self:rows()
    local closed = self:raw_argument()
    if closed ~= given then refuse("“" .. given .. "” is closed by “" .. closed .. "”") end
    if name == "equation" or name == "displaymath" or name == "math" then
      if #node.rows == 1 and #node.rows[1] == 1 then return {k = "group", list = node.rows[1][1]} end
    end
    return node
  end

  -- -- commands -----------------------------------------------------------------------------------------------------

  local commands = {}

  local spaces = {
    [","] = 1 / 6, thinspace = 1 / 6, [":"] = 2 / 9, [">"] = 2 / 9, medspace = 2 / 9, [";"] = 5 / 18, thickspace = 5 / 18,
    [" "] = 0.25, ["\n"] = 0.25, nobreakspace = 0.25, space = 0.25, enspace = 0.5, enskip = 0.5, quad = 1, qquad = 2,
  }
  for name, em in pairs(spaces) do commands[name] = function() return {k = "space", em = em} end end

  -- Negative spaces tune TeX's own spacing, which Typst does not have; line and page breaks have no place here.
  for name in ("! negthinspace negmedspace negthickspace nonumber notag displaylimits allowbreak nobreak relax mathstrut strut - / break null noindent"):gmatch("%S+") do
    commands[name] = function() return nil end
  end
  commands.vphantom = function(p)
    p:argument()
    return nil
  end

  local function length(p)
    local text = p:raw_argument()
    local number, unit = text:match("^%s*(%-?[%d.]+)%s*(%a+)")
    local em = number and ({em = 1, ex = 0.45, mu = 1 / 18, pt = 0.1, cm = 2.845, mm = 0.2845})[unit]
    if not em then refuse("the length “" .. text .. "” is not known") end
    em = tonumber(number) * em
    return em > 0 and {k = "space", em = em} or nil
  end
  commands.hspace, commands["hspace*"], commands.mspace = length, length, length
  for _, name in ipairs({"kern", "mkern", "hskip", "mskip"}) do
    commands[name] = function(p)
      p:skip_blanks()
      local text = p.src:match("^%-?[%d.]+%s*%a%a", p.pos)
      if not text then refuse("\\" .. name .. " needs a length") end
      p.pos = p.pos + #text
      return length({raw_argument = function() return text end})
    end
  end

  local function fraction(style)
    return function(p)
      local num = p:argument()
      return {k = "frac", num = num, den = p:argument(), style = style, bar = true}
    end
  end
  commands.frac, commands.dfrac, commands.tfrac = fraction(), fraction("display"), fraction("inline")
  commands.cfrac = function(p)
    p:raw_optional()
    return fraction("display")(p)
  end
  local function binomial(p)
    local num = p:argument()
    return {k = "binom", num = num, den = p:argument()}
  end
  commands.binom, commands.dbinom, commands.tbinom = binomial, binomial, binomial
  commands.sqrt = function(p)
    local index = p:optional()
    return {k = "sqrt", index = index, list = p:argument()}
  end

  for name, font in pairs({
    mathrm = "rm", mathup = "rm", mathbf = "bf", mathit = "it", mathtt = "tt", mathsf = "sf", mathcal = "cal", mathscr = "scr",
    mathfrak = "frak", mathbb = "bb", boldsymbol = "bm", bm = "bm", pmb = "bm", mathbfit = "bm", mathnormal = "normal",
    symbf = "bf", symrm = "rm", symit = "it", mathds = "bb", mathbfsf = "sf",
  }) do
    commands[name] = function(p) return {k = "font", font = font, list = p:argument()} end
  end
  for name, font in pairs({rm = "rm", bf = "bf", it = "it", tt = "tt", sf = "sf", cal = "cal", boldmath = "bm"}) do
    commands[name] = function(p) return {k = "font", font = font, list = p:list(p.stop)} end
  end
  for name, font in pairs(text_fonts) do
    commands[name] = function(p) return {k = "text", font = font, parts = read_text(p:raw_argument())} end
  end

  for _, name in ipairs({"hat", "tilde", "bar", "vec", "dot", "ddot", "dddot", "check", "breve", "acute", "grave", "mathring", "widehat", "widetilde", "overline", "underline", "overrightarrow", "overleftarrow", "widecheck"}) do
    commands[name] = function(p) return {k = "accent", accent = name, list = p:argument()} end
  end
  commands.underbar = commands.underline
  for _, name in ipairs({"underbrace", "overbrace", "underbracket", "overbracket"}) do
    commands[name] = function(p) return {k = "brace", kind = name, list = p:argument()} end
  end

  for name, spec in pairs(symbols.functions) do
    commands[name] = function() return {k = "func", name = spec[1], limits = spec[2], say = spec[3]} end
  end

  local function operator(limits)
    return function(p)
      local list = p:argument()
      -- Letters make a name; anything else in there is set as it is.
      local name = {}
      for _, node in ipairs(list) do
        if node.k == "letter" then name[#name + 1] = node.ch
        elseif node.k == "num" then name[#name + 1] = node.text
        elseif node.k == "space" then name[#name + 1] = "\u{2009}"
        elseif node.k == "sym" and (node.ch == "−" or node.ch == "-") then name[#name + 1] = "-"
        elseif node.k == "text" and #node.parts == 1 and type(node.parts[1]) == "string" then name[#name + 1] = node.parts[1]
        else return {k = "class", cls = "op", limits = limits, list = list} end
      end
      local printed = table.concat(name)
      return {k = "func", name = printed, limits = limits}
    end
  end
  commands.operatorname, commands["operatorname*"], commands.operatornamewithlimits = operator(false), operator(true), operator(true)
  commands.mathop = function(p)
    local list = p:argument()
    return {k = "class", cls = "op", limits = true, list = list}
  end
  for name, class in pairs({mathrel = "rel", mathbin = "bin", mathord = "ord", mathopen = "open", mathclose = "close", mathpunct = "punct", mathinner = "ord"}) do
    commands[name] = function(p) return {k = "class", cls = class, list = p:argument()} end
  end

  commands.left = function(p)
    local node = {k = "fence", open = p:delimiter("left")}
    node.list = p:list("right")
    p:take()
    node.close = p:delimiter("right")
    return node
  end
  commands.middle = function(p) return {k = "middle", delim = p:delimiter("middle")} end
  commands.right = function() refuse("\\right has no \\left") end
  for name, size in pairs({big = 1.2, Big = 1.8, bigg = 2.4, Bigg = 3}) do
    for suffix, class in pairs({[""] = "ord", l = "open", r = "close", m = "rel"}) do
      commands[name .. suffix] = function(p) return {k = "big", size = size, cls = class, delim = p:delimiter(name)} end
    end
  end

  commands.overset = function(p)
    local over = p:argument()
    return {k = "stack", over = over, base = p:argument()}
  end
  commands.stackrel = commands.overset
  commands.underset = function(p)
    local under = p:argument()
    return {k = "stack", under = under, base = p:argument()}
  end
  commands.overunderset = function(p)
    local over, under = p:argument(), p:argument()
    return {k = "stack", over = over, under = under, base = p:argument()}
  end
  for name, ch in pairs({xrightarrow = "→", xleftarrow = "←", xleftrightarrow = "↔", xRightarrow = "⇒", xLeftarrow = "⇐", xmapsto = "↦", xlongequal = "="}) do
    commands[name] = function(p)
      local under = p:optional()
      return {k = "arrow", ch = ch, under = under, over = p:argument()}
    end
  end
  commands.substack = function(p)
    local inner = setmetatable({src = p:raw_argument() .. "\\end", pos = 1}, Parser)
    return {k = "env", kind = "substack", name = "substack", rows = inner:rows(), lines = {}}
  end
  commands.begin = function(p) return p:environment() end
  commands["end"] = function() refuse("\\end has no \\begin") end

  commands.displaystyle = function(p) return {k = "style", style = "display", list = p:list(p.stop)} end
  commands.textstyle = function(p) return {k = "style", style = "inline", list = p:list(p.stop)} end
  commands.scriptstyle = function(p) return {k = "style", style = "script", list = p:list(p.stop)} end
  commands.scriptscriptstyle = function(p) return {k = "style", style = "sscript", list = p:list(p.stop)} end

  commands.phantom = function(p) return {k = "phantom", list = p:argument()} end
  commands.hphantom = commands.phantom
  commands.smash = function(p)
    p:raw_optional()
    return {k = "group", list = p:argument()}
  end
  commands.ensuremath = function(p) return {k = "group", list = p:argument()} end
  commands.mathchoice = function() refuse("\\mathchoice is not known") end
  commands.boxed = function(p) return {k = "box", list = p:argument()} end
  commands.fbox = function(p) return {k = "box", list = {{k = "text", font = "rm", parts = read_text(p:raw_argument())}}} end
  commands.cancel = function(p) return {k = "cancel", how = "up", list = p:argument()} end
  commands.bcancel = function(p) return {k = "cancel", how = "down", list = p:argument()} end
  commands.xcancel = function(p) return {k = "cancel", how = "both", list = p:argument()} end
  commands.textcolor = function(p)
    local name = p:raw_argument()
    return {k = "colour", name = name, list = p:argument()}
  end
  commands.color = function(p)
    local name = p:raw_argument()
    return {k = "colour", name = name, list = p:list(p.stop)}
  end

  commands["not"] = function(p)
    local list = p:argument()
    local node = list[1]
    local sign = #list == 1 and node.k == "sym" and symbols.negated[node.ch]
    if not sign then refuse("\\not has no sign for what follows it") end
    local known = symbols.char[sign]
    return {k = "sym", ch = sign, cls = "rel", say = known and known.say or (node.say:match("^is ") and node.say:gsub("^is ", "is not ") or "not " .. node.say)}
  end
  commands.bmod = function() return {k = "class", cls = "bin", list = {{k = "func", name = "mod", say = "modulo"}}} end
  commands.mod = commands.bmod
  commands.pmod = function(p)
    local list = p:argument()
    table.insert(list, 1, {k = "space", em = 0.25})
    table.insert(list, 1, {k = "func", name = "mod", say = "modulo"})
    return {k = "group", list = {{k = "space", em = 0.5}, {k = "fence", open = "(", close = ")", list = list}}}
  end
  commands["|"] = function() return symbols.char["‖"] end
  for _, char in ipairs({"{", "}", "%", "#", "$", "&", "_"}) do
    commands[char] = function() return symbols.char[char] end
  end
  commands.lbrace, commands.rbrace = commands["{"], commands["}"]
  commands.dag, commands.ddag = function() return symbols.named.dagger end, function() return symbols.named.ddagger end
  for _, name in ipairs({"tag", "label", "tag*"}) do
    commands[name] = function() refuse("\\" .. name .. " cannot be set, give the formula a label {#eq-name} and refer to that") end
  end
  commands["\\"] = function() refuse("a line break has no place here") end

  -- One node, without what may be attached to it; nil where nothing is to be printed.
  function Parser:atom()
    local kind, text = self:take()
    if kind == "char" then
      if text == "{" then
        local list = self:list("}")
        self:expect("}")
        return {k = "group", list = list}
      end
      if text:match("%d") then
        local rest = self.src:match("^%d*%.?%d*", self.pos)
        if rest:sub(-1) == "." then rest = rest:sub(1, -2) end
        self.pos = self.pos + #rest
        local number = text .. rest
        while self.src:match("^{,}%d%d%d", self.pos) do -- 48{,}000
          number = number .. "," .. self.src:sub(self.pos + 3, self.pos + 5)
          self.pos = self.pos + 6
        end
        return {k = "num", text = number}
      end
      if text:match("%a") then return {k = "letter", ch = text} end
      if text == "~" then return {k = "space", em = 0.25} end
      if text == "&" then refuse("“&” has no place here") end
      if text == "." then
        local digits = self.src:match("^%d+", self.pos)
        if digits then
          self.pos = self.pos + #digits
          return {k = "num", text = "." .. digits}
        end
      end
      if text == "^" or text == "_" or text == "'" or text == "#" or text == "$" then
        refuse("“" .. text .. "” has no place here")
      end
      local symbol = symbols.char[text]
      if symbol then return symbol end
      if #text > 1 then return {k = "letter", ch = text} end
      refuse("“" .. text .. "” is not known")
    end
    if kind == "end" then refuse("the formula ends too early") end
    local command = commands[text]
    if command then return command(self) end
    local symbol = symbols.named[text]
    if symbol then return symbol end
    refuse("\\" .. text .. " is not known")
  end

  --- The tree of a formula; raises a table {refused = reason} through assert.
  function M.read(src)
    local parser = setmetatable({src = src, pos = 1}, Parser)
    -- & and \\ outside any environment make lines that are aligned.
    local bare, depth, pos = false, 0, 1
    while pos <= #src do
      local name = src:match("^\\(%a+)", pos)
      if name == "begin" then depth = depth + 1 elseif name == "end" then depth = depth - 1 end
      local two = src:sub(pos, pos + 1)
      if depth == 0 and (two == "\\\\" or two:sub(1, 1) == "&") then bare = true end
      if name then pos = pos + #name + 1
      elseif two:sub(1, 1) == "\\" then pos = pos + 2
      else pos = pos + #(braced(src, pos) or " ") end
    end
    if bare then
      parser.src = src .. "\\end"
      local rows = parser:rows()
      if #rows == 1 and #rows[1] == 1 then return rows[1][1] end
      return {{k = "env", kind = "aligned", name = "aligned", rows = rows, lines = {}}}
    end
    return parser:list("end")
  end

  return M
end
