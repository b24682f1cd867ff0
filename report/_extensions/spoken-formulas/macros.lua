-- The author's own macros: \newcommand and its kin, \def, \let, \DeclareMathOperator, \DeclarePairedDelimiter. A macro is
-- expanded where it is met, so that it may stand for anything that its text may stand for.
--
-- A macro is {body, count, default} or {body, pattern} (what \def asks for between arguments) or {primitive} (what \let took).

return function(Parser, commands, M)
  local most_expansions, longest = 2000, 100000

  --- A table of macros in which no author has defined anything yet.
  function M.macros() return setmetatable({}, {__index = M.known_macros}) end
  M.known_macros = {}

  -- A command and a letter that an argument brings must not run together.
  local function parted(before, after)
    return before:match("\\%a+$") and after:match("^%a") and " " .. after or after
  end

  function Parser:substituted(body, arguments)
    local text = body:gsub("()#(#?%d?)", function(at, what)
      if what:sub(1, 1) == "#" then return what end
      return parted(body:sub(1, at - 1), arguments[tonumber(what)] or "")
    end)
    return text
  end

  -- What stands before `literal` outside of braces.
  function Parser:up_to(literal, missing, bare)
    local start = self.pos
    while self.src:sub(self.pos, self.pos + #literal - 1) ~= literal do
      local group = M.braced(self.src, self.pos)
      if self.pos > #self.src then self:refuse(missing, start) end
      self.pos = self.pos + #(group or self.src:match("^\\.", self.pos) or " ")
    end
    local text = self.src:sub(start, self.pos - 1)
    self.pos = self.pos + #literal
    return not bare and M.braced(text, 1) == text and text:sub(2, -2) or text
  end

  function Parser:macro_arguments(name, macro)
    local arguments = {}
    if macro.pattern then
      local missing = "\\" .. name .. " is not used as it was defined"
      for index, literal in ipairs(macro.pattern) do
        if index == 1 then
          if literal ~= "" then self:skip_blanks() end
          if self.src:sub(self.pos, self.pos + #literal - 1) ~= literal then self:refuse(missing) end
          self.pos = self.pos + #literal
        else
          arguments[#arguments + 1] = literal == "" and self:raw_argument() or self:up_to(literal, missing)
        end
      end
      return arguments
    end
    if macro.default then arguments[1] = self:raw_optional() or macro.default end
    while #arguments < macro.count do arguments[#arguments + 1] = self:raw_argument() end
    return arguments
  end

  function Parser:count_expansion(name)
    self.expansions = self.expansions + 1
    if self.expansions > most_expansions or #self.src > longest then self:refuse("\\" .. name .. " has no end, it stands for itself") end
  end

  -- Puts a macro's text where the macro stands; `whole`: as one group.
  function Parser:expand(name, macro, stop, whole)
    self:count_expansion(name)
    local start = self.pos
    self.pos = stop
    local body = macro.body
    if macro.paired then body = self:paired(macro.paired) end
    body = self:substituted(body, self:macro_arguments(name, macro))
    if whole then body = "{" .. body .. "}" end
    self.src = self.src:sub(1, start - 1) .. body .. parted(body, self.src:sub(self.pos))
    self.pos = start
  end

  -- \abs{x} is |x|, \abs*{x} grows with what it holds, \abs[\big]{x} is of that size.
  function Parser:paired(pair)
    local starred = self.src:sub(self.pos, self.pos) == "*"
    if starred then self.pos = self.pos + 1 end
    local size = not starred and self:raw_optional() or nil
    local body = pair[3]:gsub("\\delimsize%f[%A]", starred and "\\middle" or size and size .. "m" or "")
    if starred then return "\\left" .. pair[1] .. " " .. body .. "\\right" .. pair[2] end
    return size and size .. "l" .. pair[1] .. " " .. body .. size .. "r" .. pair[2] or pair[1] .. " " .. body .. pair[2]
  end

  -- -- definitions --------------------------------------------------------------------------------------------------

  -- The command that is defined, which may be a macro already.
  function Parser:new_name()
    self:skip_blanks()
    if self.src:match("^%*", self.pos) then
      self.pos = self.pos + 1
      self:skip_blanks()
    end
    local name, stop = self.src:match("^{%s*\\?(%a+)%s*}()", self.pos)
    if not name then name, stop = self.src:match("^\\(%a+)()", self.pos) end
    if not name then name, stop = self.src:match("^{?\\([^%s{}])}?()", self.pos) end
    if not name then self:refuse("a definition needs the name of a command") end
    self.pos = stop
    return name
  end

  local function defined(self, name) return self.macros[name] or commands[name] or M.symbols.named[name] end

  local function new_command(only_new)
    return function(self)
      local name = self:new_name()
      local count = tonumber(self:raw_optional() or "0")
      if not count then self:refuse("a number of arguments is missing") end
      local default = count > 0 and self:raw_optional() or nil
      local body = self:raw_argument()
      if not (only_new and defined(self, name)) then self.macros[name] = {body = body, count = count, default = default} end
    end
  end

  local definitions = {
    newcommand = new_command(), renewcommand = new_command(), DeclareRobustCommand = new_command(), providecommand = new_command(true),
  }

  function definitions.def(self)
    local name = self:new_name()
    local parameters = self.src:match("^[^{]*", self.pos)
    self.pos = self.pos + #parameters
    local pattern = {parameters:match("^%s*([^#]*)")}
    for literal in parameters:gmatch("#%d%s*([^#]*)") do pattern[#pattern + 1] = literal:match("^(.-)%s*$") end
    self.macros[name] = {body = self:raw_argument(), pattern = pattern}
  end
  definitions.gdef, definitions.edef, definitions.xdef = definitions.def, definitions.def, definitions.def

  function definitions.let(self)
    local name = self:new_name()
    self:skip_blanks()
    self.pos = self.src:match("^=%s*()", self.pos) or self.pos
    local target = self:raw_argument()
    local command = target:match("^\\(.*)$")
    self.macros[name] = command and (self.macros[command] or {primitive = command}) or {body = target, count = 0}
  end

  function definitions.DeclareMathOperator(self)
    self:skip_blanks()
    local star = self.src:sub(self.pos, self.pos) == "*" and "*" or ""
    self.macros[self:new_name()] = {body = "\\operatorname" .. star .. "{" .. self:raw_argument() .. "}", count = 0}
  end

  function definitions.DeclarePairedDelimiter(self)
    self.macros[self:new_name()] = {paired = {self:raw_argument(), self:raw_argument(), "#1"}, count = 1}
  end
  function definitions.DeclarePairedDelimiterX(self)
    local name, count = self:new_name(), tonumber(self:raw_optional() or "1") or 1
    self.macros[name] = {paired = {self:raw_argument(), self:raw_argument(), self:raw_argument()}, count = count}
  end

  local function new_environment(self)
    self:skip_blanks()
    self.pos = self.src:match("^%*()", self.pos) or self.pos
    local name = self:raw_argument()
    local count = tonumber(self:raw_optional() or "0") or 0
    local default = count > 0 and self:raw_optional() or nil
    self.macros["begin " .. name] = {body = self:raw_argument(), close = self:raw_argument(), count = count, default = default}
  end
  definitions.newenvironment, definitions.renewenvironment = new_environment, new_environment

  for name, define in pairs(definitions) do
    commands[name] = function(self) define(self) end
  end
  for _, name in ipairs({"global", "long", "outer", "protected"}) do
    commands[name] = function() end
  end

  -- Takes the definitions out of a text; returns what is left of it.
  function Parser:definitions()
    local left = {}
    while true do
      local start, name, stop = self.src:match("()\\(%a+)()", self.pos)
      if not start then break end
      left[#left + 1] = self.src:sub(self.pos, start - 1)
      self.pos = stop
      if definitions[name] then definitions[name](self) else left[#left + 1] = "\\" .. name end
    end
    left[#left + 1] = self.src:sub(self.pos)
    return table.concat(left)
  end
end
