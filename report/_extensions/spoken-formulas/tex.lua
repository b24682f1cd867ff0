-- Reads a TeX formula into a tree, which typst.lua sets and speech.lua speaks: tokens, groups, scripts and the author's own
-- macros here, what commands mean in commands.lua and the parts beside it. What is not known is refused by
-- name and place: a sign that silently vanished would be worse than a build that stops.
--
-- A tree is a list of nodes; a node is a table whose `k` names its kind:
--   letter ch | num text | sym ch cls name negates | group list | text parts font | func name limits
--   scripts base sub sup primes place presub presup | frac num den style bar | binom num den open close | sqrt list index
--   font font list | accent accent list | brace kind list | fence open close list | middle delim | big size delim cls
--   env kind name rows columns lines gap | stack base over under | arrow ch over under | space em | style style list
--   class cls list limits | phantom list how | cancel list how to | box list fill stroke | colour name fill list
--   size em list | lap side list | raise em list | rule width height | negated list | tag parts
-- A row of an env is a list of cells; a cell may have a `span`, a row an `intertext`.

return function(symbols, part)
  local M = {}

  -- The source, the place in it, and the macros that hold.
  local Parser = {}
  Parser.__index = Parser
  local commands = {}

  -- Where the parser is, in the formula as the author wrote it: what stands before it may have been expanded since.
  function Parser:place()
    local rest = #self.src - math.min(self.pos, #self.src + 1) + 1
    local before = self.original:sub(1, math.max(0, #self.original - rest))
    return "character " .. (utf8.len(before) or #before) + 1
  end

  function Parser:refuse(reason, pos)
    self.pos = pos or self.pos
    assert(false, {refused = reason .. ", at " .. self:place()})
  end

  -- Digits that are written raised or lowered: x₂ is x_2, 10⁻⁷ is 10^{-7}.
  local small_digits = {}
  for index = 0, 9 do
    small_digits[utf8.char(0x2080 + index)] = {"sub", tostring(index)}
    small_digits[utf8.char(index == 1 and 0xb9 or index > 1 and index < 4 and 0xb0 + index or 0x2070 + index)] = {"sup", tostring(index)}
  end
  small_digits["⁻"], small_digits["⁺"], small_digits["₋"], small_digits["₊"] = {"sup", "-"}, {"sup", "+"}, {"sub", "-"}, {"sub", "+"}

  -- The group that opens at `pos`, with its braces; an escaped brace counts for nothing.
  local function braced(src, pos)
    if src:sub(pos, pos) ~= "{" then return nil end
    local depth, at = 0, pos
    while at do
      local char = src:sub(at, at)
      if char == "\\" then at = at + 1
      elseif char == "{" then depth = depth + 1
      elseif char == "}" then
        depth = depth - 1
        if depth == 0 then return src:sub(pos, at) end
      end
      at = src:find("[\\{}]", at + 1)
    end
    return nil
  end
  M.braced = braced

  -- -- tokens -------------------------------------------------------------------------------------------------------

  function Parser:skip_blanks()
    while true do
      local _, stop = self.src:find("^%s+", self.pos)
      if not stop then _, stop = self.src:find("^%%[^\n]*\n?", self.pos) end
      if not stop then return end
      self.pos = stop + 1
    end
  end

  -- The next token without taking it: its kind ("command", "char", "end"), its text, and where it stops. A macro of the
  -- author's is expanded first; `whole` keeps its expansion together.
  function Parser:peek(whole)
    while true do
      self:skip_blanks()
      if self.pos > #self.src then return "end", "", self.pos end
      local name, stop = self.src:match("^\\(%a+)()", self.pos)
      if not name and self.src:sub(self.pos, self.pos) == "\\" then
        name, stop = self.src:match("^\\(" .. utf8.charpattern .. ")()", self.pos)
        if not name then name, stop = " ", self.pos + 1 end -- "\ " whose blank was trimmed
      end
      if not name then
        local char, after = self.src:match("^(" .. utf8.charpattern .. ")()", self.pos)
        if not char then self:refuse("the formula is not UTF-8 text") end
        return "char", char, after
      end
      local macro = self.macros[name]
      if not macro then return "command", name, stop end
      if macro.primitive then return "command", macro.primitive, stop end
      self:expand(name, macro, stop, whole)
    end
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

  function Parser:accept(kind, text)
    local found = self:at(kind, text)
    if found then self:take() end
    return found
  end

  function Parser:star() return self:accept("char", "*") end

  function Parser:expect(char)
    if not self:accept("char", char) then self:refuse("“" .. char .. "” is missing") end
  end

  -- -- arguments ----------------------------------------------------------------------------------------------------

  -- One argument: a group's content, or a single token with nothing attached to it.
  function Parser:argument()
    local kind, text, stop = self:peek(true)
    if kind == "char" and text == "{" then return self:group() end
    if kind == "end" or kind == "char" and (text == "}" or text == "&") then self:refuse("an argument is missing") end
    if kind == "char" and text:match("%d") then -- \frac12 and x_10 take one digit
      self.pos = stop
      return {{k = "num", text = text}}
    end
    local node = self:atom()
    return node and {node} or {}
  end

  -- The content of a group; lines in it are set one above the other.
  function Parser:group()
    local start = self.pos
    self:expect("{")
    local list = self:lines("}", start)
    self:expect("}")
    return list
  end

  -- The source text of an argument, for names, lengths and column descriptions.
  function Parser:raw_argument()
    self:skip_blanks()
    local inner = braced(self.src, self.pos)
    if inner then
      self.pos = self.pos + #inner
      return inner:sub(2, -2)
    end
    local token = self.src:match("^\\%a+", self.pos) or self.src:match("^\\?" .. utf8.charpattern, self.pos)
    if not token or token == "" or token == "}" then self:refuse("an argument is missing") end
    if token == "{" then self:refuse("a group is not closed") end
    self.pos = self.pos + #token
    return token
  end

  function Parser:optional()
    if not self:accept("char", "[") then return nil end
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

  -- -- lists --------------------------------------------------------------------------------------------------------

  -- What ends a list: a closing sign, a command, or a cell's end within one of these.
  local closers = {
    ["}"] = {kind = "char", unclosed = "a group is not closed"},
    ["]"] = {kind = "char", unclosed = "“[” is not closed"},
    [")"] = {kind = "char", unclosed = "“(” is not closed"},
    ["|"] = {kind = "char", unclosed = "“|” is not closed"},
    right = {kind = "command", unclosed = "\\left has no \\right"},
    ["end"] = {kind = "command", unclosed = "an environment is not closed"},
    [""] = {kind = "end"},
  }
  local breaks = {["\\"] = true, cr = true, tabularnewline = true, newline = true}

  function Parser:closes(stop)
    local kind, text = self:peek()
    return kind == closers[stop].kind and text == stop
  end

  -- Does a list end here? `cell`: it is one that "&" and "\\" end too.
  function Parser:stopped(stop, cell)
    if self:closes(stop) then return true end
    local kind, text = self:peek()
    if kind == "end" then self:refuse(closers[stop].unclosed, self.opened) end
    if kind == "char" and text == "}" then self:refuse("a closing brace has no opening one") end
    return cell and (kind == "char" and text == "&" or kind == "command" and breaks[text]) or false
  end

  -- Nodes up to `stop`, which is not taken.
  function Parser:list(stop, cell)
    local outer_stop, outer_cell = self.stop, self.cell
    self.stop, self.cell = stop, cell
    local nodes = {}
    self.depth = self.depth + 1
    if self.depth > 150 then self:refuse("the formula is nested too deeply") end
    while not self:stopped(stop, cell) do
      local kind, text = self:peek()
      if kind == "char" and (text == "^" or text == "_" or text == "'" or text == "’" or small_digits[text])
        or kind == "command" and (text == "limits" or text == "nolimits" or text == "displaylimits") then
        local last = nodes[#nodes]
        local base = last and last.k ~= "space" and table.remove(nodes) or nil
        nodes[#nodes + 1] = self:scripts(base)
      else
        local infix = kind == "command" and M.infix[text]
        if infix then
          self:take()
          nodes = {infix(self, nodes, function() return self:list(stop, cell) end)}
        else
          local node = self:atom()
          if node then nodes[#nodes + 1] = node end
        end
      end
    end
    self.depth = self.depth - 1
    self.stop, self.cell = outer_stop, outer_cell
    return nodes
  end

  -- What a declaration like \bf or \color reaches: the rest of the list.
  function Parser:rest() return self:list(self.stop, self.cell) end

  -- Rows of cells up to `stop`.
  function Parser:rows(stop, start)
    local outer = self.opened
    self.opened = start or self.pos
    local rows, lines, row = {}, {}, {}
    while true do
      if #row == 0 then self:between_rows(rows, lines, row) end
      self.span = nil
      local cell = self.text_cells and #row > 0 and self:text_cell() or self:list(stop, true)
      cell.span = self.span
      row[#row + 1] = cell
      if self:closes(stop) then break end
      local _, text = self:take()
      if text ~= "&" then
        rows[#rows + 1], row = row, {}
        -- \\[2pt]; a bracket with anything else in it belongs to the next line
        local after = self.src:match("^%s*%*?%s*%[%s*%-?[%d.,]+%s*%a%a%s*%]()", self.pos) or self.src:match("^%*()", self.pos)
        if after then self.pos = after end
      end
    end
    -- A last row that holds nothing comes of a trailing \\.
    if #row > 1 or #row[1] > 0 or #rows == 0 then rows[#rows + 1] = row end
    self.opened = outer
    return rows, lines
  end

  -- A list that may have lines, as a group and a whole formula do.
  function Parser:lines(stop, start, cells)
    local rows = self:rows(stop, start)
    if #rows == 1 and #rows[1] == 1 then return rows[1][1] end
    for _, row in ipairs(rows) do
      if #row > 1 and not cells then self:refuse("“&” has no place here") end
    end
    return {{k = "env", kind = "aligned", name = "aligned", rows = rows, lines = {}}}
  end

  -- -- scripts ------------------------------------------------------------------------------------------------------

  -- How many primes a list holds, if it holds nothing else: x^\prime and x^{\prime\prime}.
  local function only_primes(list)
    for _, inner in ipairs(list) do
      if inner.k ~= "sym" or inner.name ~= "prime" then return 0 end
    end
    return #list
  end

  -- What follows a base: subscripts, superscripts, primes, and where they stand.
  function Parser:scripts(base)
    -- x_i^2 arrives here in one go; x'_i and x_i' must join.
    local node = base and base.k == "scripts" and not base.closed and base or {k = "scripts", base = base, primes = 0}
    local function put(field, list)
      if node[field] then self:refuse("two " .. (field == "sup" and "superscripts" or "subscripts") .. " on one base") end
      node[field] = list
    end
    while true do
      local kind, text = self:peek()
      if kind == "char" and (text == "'" or text == "’") then
        self:take()
        node.primes = node.primes + 1
      elseif kind == "char" and (text == "^" or text == "_") then
        self:take()
        local list = self:argument()
        local primes = text == "^" and only_primes(list) or 0
        node.primes = node.primes + primes
        if primes == 0 then put(text == "^" and "sup" or "sub", list) end
      elseif kind == "command" and (text == "limits" or text == "nolimits" or text == "displaylimits") then
        self:take()
        node.place = text ~= "displaylimits" and text or nil
      elseif kind == "char" and small_digits[text] then
        local field, list = small_digits[text][1], {}
        while small_digits[text] and small_digits[text][1] == field do
          self:take()
          local char, last = small_digits[text][2], list[#list]
          if char:match("%d") and last and last.k == "num" then last.text = last.text .. char
          else list[#list + 1] = char:match("%d") and {k = "num", text = char} or symbols.char[char] end
          kind, text = self:peek()
        end
        put(field, list)
      else
        return node
      end
    end
  end

  -- -- single nodes -------------------------------------------------------------------------------------------------

  function Parser:number(first)
    local rest = self.src:match("^%d*%.?%d*", self.pos)
    if rest:sub(-1) == "." then rest = rest:sub(1, -2) end
    self.pos = self.pos + #rest
    local number = first .. rest
    while self.src:match("^{,}%d%d%d", self.pos) do -- 48{,}000
      number = number .. "," .. self.src:sub(self.pos + 3, self.pos + 5)
      self.pos = self.pos + 6
    end
    return {k = "num", text = number}
  end

  local blanks = {["~"] = 0.25, ["\u{a0}"] = 0.25, ["\u{2009}"] = 1 / 6, ["\u{2003}"] = 1, ["\u{2002}"] = 0.5, ["\u{202f}"] = 1 / 6, ["\u{3000}"] = 1}
  local invisible = {["\u{200b}"] = true, ["\u{feff}"] = true, ["\u{2061}"] = true, ["\u{2062}"] = true, ["\u{2060}"] = true}
  local misplaced = {["&"] = true, ["#"] = true, ["$"] = true, ["^"] = true, ["_"] = true}

  function Parser:character(char)
    if char:match("%d") then return self:number(char) end
    if char:match("%a") then return {k = "letter", ch = char} end
    if blanks[char] then return {k = "space", em = blanks[char]} end
    if invisible[char] then return nil end
    if char == "." and self.src:match("^%d", self.pos) then return self:number(".") end
    if char == "@" and self.diagrams and self.diagrams > 0 then return self:diagram_arrow() end
    if misplaced[char] then self:refuse("“" .. char .. "” has no place here", self.pos - 1) end
    local symbol = symbols.char[char]
    if symbol then return symbol end
    if #char > 1 then return {k = "letter", ch = char} end
    if char == '"' then return {k = "text", font = "rm", parts = {"”"}} end
    if char == "`" then return {k = "text", font = "rm", parts = {"‘"}} end
    self:refuse("the character " .. string.byte(char) .. " is not known")
  end

  -- One node, without what may be attached to it; nil where nothing is to be printed.
  function Parser:atom()
    local kind, text, stop = self:peek()
    local start = self.pos
    if kind == "char" and text == "{" then return {k = "group", list = self:group()} end
    self.pos = stop
    if kind == "char" then return self:character(text) end
    if kind == "end" then self:refuse("the formula ends too early") end
    local command = commands[text]
    if command then return command(self, text) end
    local symbol = symbols.named[text]
    if symbol then return symbol end
    self:refuse("\\" .. text .. " is not known", start)
  end

  part("macros.lua")(Parser, commands, M)
  part("text.lua")(Parser, commands, symbols)
  part("colours.lua")(Parser, commands)
  part("commands.lua")(Parser, commands, symbols, M)
  part("boxes.lua")(commands, symbols)
  part("tables.lua")(Parser, commands)
  part("packages.lua")(Parser, commands, M)
  part("units.lua")(Parser, commands)

  local function parser(src, macros)
    return setmetatable({src = src, original = src, pos = 1, depth = 0, expansions = 0, macros = macros or M.macros()}, Parser)
  end

  --- The tree of a formula and its \label, if it has one and no number of the author's; raises a table {refused = reason} through assert. Definitions in it
  --- are added to `macros`.
  function M.read(src, macros, display)
    local reader = parser(src, macros)
    reader.display = display
    return reader:lines("", nil, true), not reader.tagged and reader.label or nil
  end

  --- Adds the definitions that stand in a text to `macros`; returns what else is in it.
  function M.define(src, macros) return parser(src, macros):definitions() end

  return M
end
