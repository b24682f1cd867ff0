-- Environments: matrices, arrays, cases and aligned lines.

return function(Parser, commands)
  local kinds = {}
  for kind, names in pairs({
    matrix = "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix psmallmatrix bsmallmatrix Bsmallmatrix vsmallmatrix Vsmallmatrix",
    array = "array subarray crampedsubarray darray tabular tabularx longtable",
    cases = "cases dcases rcases drcases numcases subnumcases",
    aligned = "aligned align alignedat alignat xalignat xxalignat split flalign eqalign IEEEeqnarray dmath",
    gathered = [[gather gathered lgathered rgathered multline multlined equation displaymath math spreadlines empheq subequations center dgroup
      small large Large footnotesize tiny]],
    eqnarray = "eqnarray",
    diagram = "CD",
  }) do
    for name in names:gmatch("%S+") do kinds[name] = kind end
  end
  -- What else stands before the rows of these: "[": an option, "{": an argument.
  local before = {alignedat = "[{", alignat = "{", xalignat = "{", xxalignat = "{", numcases = "{", subnumcases = "{", spreadlines = "{", empheq = "[{", IEEEeqnarray = "[{"}
  local columned = {array = "array", darray = "array", tabular = "array", tabularx = "array", longtable = "array", subarray = "substack", crampedsubarray = "substack"}

  -- What stands between two rows: rules, and lines of text.
  function Parser:between_rows(rows, lines, row)
    while true do
      local kind, name = self:peek()
      if kind ~= "command" then return end
      if name == "hline" or name == "midrule" or name == "toprule" or name == "bottomrule" or name == "hdashline" then
        self:take()
        lines[#lines + 1] = #rows
      elseif name == "cline" or name == "cmidrule" then
        self:take()
        self.src, self.pos = self.src:sub(1, self.pos - 1) .. self.src:sub(self.pos):gsub("^%b()", ""), self.pos
        self:raw_argument()
        lines[#lines + 1] = #rows
      elseif name == "intertext" or name == "shortintertext" then
        self:take()
        row.intertext = row.intertext or {}
        table.insert(row.intertext, self:text_argument("rm"))
      elseif name == "ArrowBetweenLines" then
        self:take()
        self:star()
        self:raw_optional()
      else
        return
      end
    end
  end

  -- The condition of cases* is text, up to the cell's end.
  function Parser:text_cell()
    local start, pos = self.pos, self.pos
    while pos <= #self.src do
      if self.src:match("^&", pos) or self.src:match("^\\\\", pos) or self.src:match("^\\end%s*{", pos) then break end
      pos = pos + #(self.src:match("^%b{}", pos) or self.src:match("^%$[^$]*%$", pos) or self.src:match("^\\.", pos) or " ")
    end
    self.src = self.src:sub(1, start - 1) .. "{" .. self.src:sub(start, pos - 1):gsub("^%s+", ""):gsub("%s+$", "") .. "}" .. self.src:sub(pos)
    return {self:text_argument("rm")}
  end

  -- The columns of an array as letters l, c, r and bars: *{2}{c|} is c|c|, p{2cm} is l, @{…} and its kin are dropped.
  function Parser:columns(spec, deep)
    if deep and deep > 5 then self:refuse("the columns “" .. spec .. "” of an array are not known") end
    local out, pos = {}, 1
    local function group(at)
      local inner = spec:match("^%s*(%b{})", at)
      if inner then return inner:sub(2, -2), spec:match("^%s*%b{}()", at) end
      return spec:match("^%s*(.)", at) or "", spec:match("^%s*.()", at) or #spec + 1
    end
    while pos <= #spec do
      local char = spec:sub(pos, pos)
      pos = pos + 1
      if char:match("[lcr|]") then
        out[#out + 1] = char
      elseif char == "*" then
        local count, inner
        count, pos = group(pos)
        inner, pos = group(pos)
        count = math.min(tonumber(count) or 1, 100)
        out[#out + 1] = self:columns(inner, (deep or 0) + 1):rep(count)
      elseif char:match("[@!><]") then
        _, pos = group(pos)
      elseif char:match("[pmbwX]") then
        if char == "w" then _, pos = group(pos) end
        if char ~= "X" then _, pos = group(pos) end
        out[#out + 1] = "l"
      elseif char == ":" then
        out[#out + 1] = "|"
      elseif not char:match("[%s{}]") then
        self:refuse("the columns “" .. spec .. "” of an array are not known")
      end
    end
    return table.concat(out)
  end

  function Parser:environment()
    local start = self.pos
    local given = self:raw_argument()
    local name = given:gsub("%*$", "")
    local macro = self.macros["begin " .. given]
    if macro then return self:own_environment(given, macro) end
    local kind = kinds[name]
    if not kind then self:refuse("the environment “" .. given .. "” is not known", start) end
    local node = {k = "env", kind = kind, name = name}
    for sign in (before[name] or ""):gmatch(".") do
      if sign == "[" then self:raw_optional()
      elseif kind == "cases" then node.left = self:argument()
      else self:raw_argument() end
    end
    if name:match("^align") or name:match("alignat$") then node.gap = not name:match("at$") and not name:match("edat$") end
    if columned[name] then
      if name == "tabularx" then self:raw_argument() end
      self:raw_optional()
      node.columns, node.kind = self:columns(self:raw_argument()), columned[name]
    elseif name:match("matrix$") and given ~= name then
      local side = self:raw_optional()
      node.side = side and side:match("[lcr]")
    elseif name:match("ed$") then
      self:raw_optional() -- [t], [b]
    end
    local outer = self.display
    self.display = kind == "aligned" or kind == "gathered" or kind == "eqnarray"
    self.text_cells = kind == "cases" and given:match("%*$") ~= nil or nil
    if kind == "diagram" then node.rows, node.lines = self:diagram(start), {}
    else node.rows, node.lines = self:rows("end", start) end
    self.display, self.text_cells = outer, nil
    self:take()
    local closing = self:raw_argument()
    if closing:gsub("%*$", "") ~= name then self:refuse("“" .. given .. "” is closed by “" .. closing .. "”", start) end
    if #node.rows == 1 and #node.rows[1] == 1 and kind == "gathered" then return {k = "group", list = node.rows[1][1]} end
    return node
  end

  -- Arrows of amscd: @>a>b>, @VaVbV and their kin, @= and @|.
  local arrows = {[">"] = "→", ["<"] = "←", V = "↓", A = "↑", ["="] = "=", ["|"] = "‖", ["."] = ""}
  function Parser:diagram(start)
    self.diagrams = (self.diagrams or 0) + 1
    local rows = self:rows("end", start)
    self.diagrams = self.diagrams - 1
    -- The rows by turns: objects with arrows between them, and arrows below the objects.
    local out = {}
    for index, row in ipairs(rows) do
      local cells, cell = {}, {}
      for _, node in ipairs(row[1]) do
        if not node.diagram then cell[#cell + 1] = node
        else
          if node.diagram == "across" then cells[#cells + 1] = cell
          elseif #cells > 0 then cells[#cells + 1] = {} end
          cells[#cells + 1], cell = {node}, {}
        end
      end
      if #cell > 0 or #cells % 2 == 0 then cells[#cells + 1] = cell end
      out[index] = cells
    end
    return out
  end
  commands["@"] = nil

  function Parser:diagram_arrow()
    local sign = self.src:match("^%s*(.)", self.pos) or ""
    if not arrows[sign] then self:refuse("an arrow of a diagram is not known") end
    self.pos = self.src:match("^%s*.()", self.pos)
    local across = sign ~= "V" and sign ~= "A" and sign ~= "|"
    local node = {k = "arrow", ch = arrows[sign], over = {}, diagram = across and "across" or "down"}
    if sign:match("[><VA]") then
      local labels = {}
      for index = 1, 2 do
        local from = self.pos
        local text = self:up_to(sign, "an arrow of a diagram is not closed")
        self.src = self.src:sub(1, from - 1) .. "{" .. text .. "}" .. self.src:sub(self.pos)
        self.pos = from
        labels[index] = self:argument()
      end
      node.over, node.under = labels[1], #labels[2] > 0 and labels[2] or nil
    elseif sign == "." then
      return {k = "space", em = 1, diagram = "across"}
    end
    return node
  end

  -- -- parts of tables ----------------------------------------------------------------------------------------------

  function commands.multicolumn(p)
    p.span = tonumber(p:raw_argument()) or 1
    p:columns(p:raw_argument())
    return {k = "group", list = p:argument()}
  end
  function commands.multirow(p)
    p:raw_argument()
    p:raw_argument()
    return {k = "group", list = p:argument()}
  end
  function commands.hdotsfor(p)
    p:raw_optional()
    p.span = tonumber(p:raw_argument()) or 1
    return p.dots
  end
  function commands.cline(p) p:refuse("\\cline has no place here") end
  for _, name in ipairs({"intertext", "shortintertext"}) do
    commands[name] = function(p) p:refuse("\\" .. name .. " has no place here") end
  end
  -- \matrix{a & b \cr c & d} and its kin of plain TeX
  for name, kind in pairs({matrix = "matrix", pmatrix = "matrix", cases = "cases", eqalign = "aligned", displaylines = "gathered", eqalignno = "aligned", leqalignno = "aligned", bordermatrix = "matrix"}) do
    commands[name] = function(p)
      p:skip_blanks()
      local start = p.pos
      p:expect("{")
      local rows, lines = p:rows("}", start)
      p:expect("}")
      return {k = "env", kind = kind, name = name, rows = rows, lines = lines}
    end
  end
  function commands.vdotswithin(p)
    p:raw_argument()
    return {k = "sym", ch = "⋮", cls = "ord", name = "vdots"}
  end
  commands.shortvdotswithin = commands.vdotswithin

  -- -- environments of the author's ---------------------------------------------------------------------------------

  -- Its text stands in the place of \begin{name} and of the \end{name} that belongs to it.
  function Parser:own_environment(name, macro)
    local start = self.pos
    local arguments = self:macro_arguments(name, macro)
    local depth, pos = 1, self.pos
    while depth > 0 do
      local at, what, inner, stop = self.src:match("()\\(%a+)%s*{([^{}]*)}()", pos)
      if not at then self:refuse("“" .. name .. "” is not closed", start) end
      if inner == name then depth = depth + (what == "begin" and 1 or what == "end" and -1 or 0) end
      if depth == 0 then
        self.src = self.src:sub(1, start - 1) .. "{" .. self:substituted(macro.body, arguments) .. self.src:sub(self.pos, at - 1)
          .. self:substituted(macro.close, arguments) .. "}" .. self.src:sub(stop)
      end
      pos = what == "begin" and stop or what == "end" and stop or at + 1 + #what
    end
    self:count_expansion(name)
    self.pos = start
    return {k = "group", list = self:group()}
  end
end
