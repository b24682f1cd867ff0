-- Commands of the packages braket, physics, mathtools, amsmath and mhchem that other commands can say: written as TeX.

return function(Parser, commands, M)
  -- One line each: the name, how many arguments, the text.
  for name, count, body in ([[
idotsint 0 \int\cdots\int
Coloneq 0 \mathrel{::-}
Eqqcolon 0 \mathrel{=::}
Eqcolon 0 \mathrel{-::}
colonapprox 0 \mathrel{:\approx}
Colonapprox 0 \mathrel{::\approx}
colonsim 0 \mathrel{:\sim}
Colonsim 0 \mathrel{::\sim}
ratio 0 :
centercolon 0 \mathrel{:}
ordinarycolon 0 :
vcentcolon 0 \mathrel{:}
coloncolonminus 0 \mathrel{::-}
colonminus 0 \mathrel{:-}
approxcolon 0 \mathrel{\approx:}
simcolon 0 \mathrel{\sim:}
minuscolon 0 \mathrel{-:}
MoveEqLeft 0 {}
bra 1 {\langle{#1}|}
ket 1 {|{#1}\rangle}
Bra 1 {\left\langle{#1}\right|}
Ket 1 {\left|{#1}\right\rangle}
dyad 2 {|{#1}\rangle\langle{#2}|}
outerproduct 2 {|{#1}\rangle\langle{#2}|}
op 2 {|{#1}\rangle\langle{#2}|}
Ketbra 2 {\left|{#1}\right\rangle\left\langle{#2}\right|}
ip 2 {\left\langle{#1}\middle|{#2}\right\rangle}
innerproduct 2 {\left\langle{#1}\middle|{#2}\right\rangle}
mel 3 {\left\langle{#1}\middle|{#2}\middle|{#3}\right\rangle}
matrixel 3 {\left\langle{#1}\middle|{#2}\middle|{#3}\right\rangle}
matrixelement 3 {\left\langle{#1}\middle|{#2}\middle|{#3}\right\rangle}
set 1 {\{#1\}}
absolutevalue 1 {\left|#1\right|}
comm 2 {\left[#1,#2\right]}
commutator 2 {\left[#1,#2\right]}
acomm 2 {\left\{#1,#2\right\}}
anticommutator 2 {\left\{#1,#2\right\}}
pb 2 {\left\{#1,#2\right\}}
poissonbracket 2 {\left\{#1,#2\right\}}
vnabla 0 \nabla
gradient 0 \nabla
grad 0 \nabla
divergence 0 \nabla\cdot
curl 0 \nabla\times
laplacian 0 \nabla^2
dotproduct 0 \cdot
vdot 0 \cdot
crossproduct 0 \times
cross 0 \times
cp 0 \times
principalvalue 0 {\mathcal{P}}
pv 0 {\mathcal{P}}
PV 0 {\mathrm{P.V.}}
variation 0 \delta
qc 0 ,\quad
qcomma 0 ,\quad
qcc 0 \quad\text{c.c.}\quad
diffd 0 \mathrm{d}
dif 0 \mathop{}\!\mathrm{d}
differential 0 \mathrm{d}
smdet 1 \begin{vsmallmatrix}#1\end{vsmallmatrix}
mdet 1 \begin{vmatrix}#1\end{vmatrix}
nuparrow 0 \not\uparrow
ndownarrow 0 \not\downarrow
longleftrightarrows 0 \leftrightarrows
mathhyphen 0 \text{-}
]]):gmatch("(%a+) (%d) ([^\n]+)\n") do
    M.known_macros[name] = {body = body, count = tonumber(count)}
  end
  -- The long names that physics has for functions.
  for long, short in ([[sine sin cosine cos tangent tan secant sec cosecant csc cotangent cot hypsine sinh hypcosine cosh hyptangent tanh arcsine arcsin asine arcsin
    arccosine arccos acosine arccos arctangent arctan atangent arctan exponential exp logarithm log naturallogarithm ln determinant det Probability Pr
    Residue Res hypsecant sech hypcosecant csch hypcotangent coth acot arccot asec arcsec acsc arccsc]]):gmatch("(%a+)%s+(%a+)") do
    M.known_macros[long] = {body = "\\" .. short, count = 0}
  end
  for word in ("if then else otherwise unless given using assume since let for all even odd integer and or as in"):gmatch("%a+") do
    M.known_macros["q" .. word] = {body = "\\quad\\text{" .. word .. "}\\quad", count = 0}
  end

  -- Reads `text` in the place of what has just been read.
  function Parser:instead(name, text)
    self:count_expansion(name)
    self.src = self.src:sub(1, self.pos - 1) .. "{" .. text .. "}" .. self.src:sub(self.pos)
    return {k = "group", list = self:group()}
  end

  function Parser:more()
    self:skip_blanks()
    return self.src:sub(self.pos, self.pos) == "{"
  end

  local pairs_of = {["("] = ")", ["["] = "]", ["|"] = "|", ["{"] = "}"}

  -- What stands in the brackets that open here, and their kind; nil where none do.
  function Parser:in_brackets()
    self:skip_blanks()
    local open = self.src:sub(self.pos, self.pos)
    local close = pairs_of[open]
    if not close then return nil end
    if open == "{" then return self:raw_argument(), open end
    local start, depth = self.pos + 1, 0
    self.pos = start
    while true do
      local char = self.src:sub(self.pos, self.pos)
      if char == "" then self:refuse("“" .. open .. "” is not closed", start - 1) end
      if char == close and depth == 0 then break end
      if char == open then depth = depth + 1 elseif char == close then depth = depth - 1 end
      self.pos = self.pos + #(M.braced(self.src, self.pos) or self.src:match("^\\.", self.pos) or " ")
    end
    self.pos = self.pos + 1
    return self.src:sub(start, self.pos - 2), open
  end

  local function each(names, make)
    for name in names:gmatch("%S+") do commands[name] = make(name) end
  end

  -- -- brackets that grow -------------------------------------------------------------------------------------------

  local opening = {["("] = "(", ["["] = "[", ["|"] = "|", ["{"] = "\\{"}
  local closing = {["("] = ")", ["["] = "]", ["|"] = "|", ["{"] = "\\}"}
  local function grown(p, name, open, close)
    local plain = p:star()
    local text, found = p:in_brackets()
    if not text then p:refuse("\\" .. name .. " needs an argument") end
    if not open then open, close = opening[found], closing[found] end
    return p:instead(name, plain and open .. " " .. text .. close or "\\left" .. open .. " " .. text .. "\\right" .. close)
  end
  each("quantity", function(name) return function(p) return grown(p, name) end end)
  for name, pair in pairs({
    pqty = {"(", ")"}, bqty = {"[", "]"}, vqty = {"|", "|"}, Bqty = {"\\{", "\\}"}, abs = {"|", "|"}, norm = {"\\|", "\\|"}, eval = {".", "|"}, evaluated = {".", "|"},
    ceil = {"\\lceil", "\\rceil"}, floor = {"\\lfloor", "\\rfloor"}, Set = {"\\{", "\\}"}, Abs = {"|", "|"}, Norm = {"\\|", "\\|"},
  }) do
    commands[name] = function(p) return grown(p, name, pair[1], pair[2]) end
  end
  each("order", function(name) return function(p)
    p:star()
    return p:instead(name, "\\mathcal{O}\\left(" .. (p:in_brackets() or "") .. "\\right)")
  end end)
  -- \braket{a}{b} of physics, \braket{a|b} of braket
  each("braket Braket", function(name) return function(p)
    p:star()
    local first = p:raw_argument()
    if p:more() then return p:instead(name, "\\left\\langle{" .. first .. "}\\middle|{" .. p:raw_argument() .. "}\\right\\rangle") end
    return p:instead(name, "\\left\\langle " .. first:gsub("\\?|", "\\middle| ") .. "\\right\\rangle")
  end end)
  each("ketbra", function(name) return function(p)
    p:star()
    local first = p:raw_argument()
    return p:instead(name, "|{" .. first .. "}\\rangle\\langle{" .. (p:more() and p:raw_argument() or first) .. "}|")
  end end)
  each("expval ev expectationvalue", function(name) return function(p)
    p:star()
    local what = p:raw_argument()
    if not p:more() then return p:instead(name, "\\left\\langle{" .. what .. "}\\right\\rangle") end
    local state = p:raw_argument()
    return p:instead(name, "\\left\\langle{" .. state .. "}\\middle|{" .. what .. "}\\middle|{" .. state .. "}\\right\\rangle")
  end end)

  -- -- derivatives --------------------------------------------------------------------------------------------------

  local function derivative(sign)
    return function(p, name)
      local flat = p:star()
      local order = p:raw_optional()
      local power = order and "^{" .. order .. "}" or ""
      local first = p:raw_argument()
      local wrt = {}
      while p:more() and #wrt < (sign == "\\partial" and 2 or 1) do wrt[#wrt + 1] = p:raw_argument() end
      local what = #wrt > 0 and "{" .. first .. "}" or ""
      if #wrt == 0 then wrt = {first} end
      if #wrt == 2 then power = "^{2}" end
      local above = sign .. power .. what
      local below = {}
      for index, variable in ipairs(wrt) do below[index] = sign .. "{" .. variable .. "}" .. (#wrt == 1 and power or "") end
      local den = table.concat(below)
      return p:instead(name, flat and above .. "/" .. den or "\\frac{" .. above .. "}{" .. den .. "}")
    end
  end
  for names, sign in pairs({["dv derivative odv"] = "\\mathrm{d}", ["pdv pderivative partialderivative"] = "\\partial", ["fdv fderivative functionalderivative"] = "\\delta"}) do
    each(names, function() return derivative(sign) end)
  end
  each("dd", function(name) return function(p)
    local order = p:raw_optional()
    local sign = "\\mathrm{d}" .. (order and "^{" .. order .. "}" or "")
    p:skip_blanks()
    if p.src:match("^%(", p.pos) then return p:instead(name, sign .. "\\left(" .. p:in_brackets() .. "\\right)") end
    return p:instead(name, sign .. (p:more() and "{" .. p:raw_argument() .. "}" or ""))
  end end)

  -- -- vectors, matrices and words ----------------------------------------------------------------------------------

  for names, text in pairs({["vb vectorbold"] = "\\mathbf{#1}", ["va vectorarrow"] = "\\vec{\\mathbf{#1}}", ["vu vectorunit"] = "\\hat{\\mathbf{#1}}"}) do
    each(names, function(name) return function(p)
      local font = p:star() and text:gsub("mathbf", "boldsymbol") or text
      return p:instead(name, p:substituted(font, {p:raw_argument()}))
    end end)
  end
  local matrices = {["("] = "pmatrix", ["["] = "bmatrix", ["|"] = "vmatrix", ["{"] = "matrix"}
  for names, fixed in pairs({["mqty matrixquantity smqty smallmatrixquantity"] = false, ["spmqty sPmqty"] = "psmallmatrix", sbmqty = "bsmallmatrix", svmqty = "vsmallmatrix", pmqty = "pmatrix", Pmqty = "pmatrix", bmqty = "bmatrix", vmqty = "vmatrix"}) do
    each(names, function(name) return function(p)
      p:star()
      local text, kind = p:in_brackets()
      if not text then p:refuse("\\" .. name .. " needs an argument") end
      local environment = fixed or matrices[kind]
      if name:match("^sm") then environment = environment:gsub("matrix", "smallmatrix") end
      return p:instead(name, "\\begin{" .. environment .. "}" .. text .. "\\end{" .. environment .. "}")
    end end)
  end
  local function square(entry)
    return function(p, name)
      local argument = p:raw_argument()
      local entries = {}
      for part in (argument .. ","):gmatch("%s*([^,]*),") do entries[#entries + 1] = part end
      local size = entry and math.min(tonumber(argument) or 1, 12) or #entries
      local rows = {}
      for row = 1, size do
        local line = {}
        for column = 1, size do
          local on = name:match("^anti") and row + column == size + 1 or name == "admat" and row + column == size + 1 or not name:match("^a") and row == column
          line[column] = on and (entry or entries[row]) or entry and "0" or ""
        end
        rows[row] = table.concat(line, "&")
      end
      return p:instead(name, "\\begin{matrix}" .. table.concat(rows, "\\\\") .. "\\end{matrix}")
    end
  end
  each("imat identitymatrix", function() return square("1") end)
  each("dmat diagonalmatrix admat antidiagonalmatrix", function() return square(nil) end)
  each("qq qqtext", function(name) return function(p)
    local left = p:star() and "" or "\\quad"
    return p:instead(name, left .. "\\text{" .. p:raw_argument() .. "}\\quad")
  end end)

  -- -- chemistry ----------------------------------------------------------------------------------------------------

  local reactions = {
    {"<=>", "\\rightleftharpoons"}, {"<->", "\\leftrightarrow"}, {"<-->", "\\longleftrightarrow"}, {"->", "\\longrightarrow"}, {"<-", "\\longleftarrow"},
  }

  -- mhchem's \ce{2H2O + CO3^2- -> X}: letters upright, numbers after them below, charges above.
  local function chemistry(text)
    local out, pos, after = {}, 1, false
    local function add(piece, follows) out[#out + 1], after = piece, follows end
    while pos <= #text do
      local stop
      for _, pair in ipairs(reactions) do
        if not stop and text:sub(pos, pos + #pair[1] - 1) == pair[1] then
          stop = pos + #pair[1]
          local over, under = text:match("^%[([^%]]*)%]", stop), nil
          if over then stop = stop + #over + 2 end
          add(over and "\\xrightarrow{\\mathrm{" .. over .. "}}" or pair[2] .. " ", under)
        end
      end
      local function try(pattern, make, follows)
        if stop then return end
        local whole, inner = text:match("^(" .. pattern .. ")", pos)
        if whole then
          stop = pos + #whole
          add(make(inner or whole), follows)
        end
      end
      try("%$([^$]*)%$", function(s) return "{" .. s .. "}" end, true)
      try("\\%a+", function(s) return s .. " " end, true)
      try("\\.", function(s) return s end, true)
      try("%s%+%s", function() return "+" end, false)
      try("%s+", function() return "\\ " end, false)
      try("[_^]%b{}", function(s) return s end, true)
      try("_%d+", function(s) return "_{" .. s:sub(2) .. "}" end, true)
      try("%^%d*[-+]?", function(s) return "^{" .. s:sub(2) .. "}" end, true)
      if after then
        try("%d+", function(s) return "_{" .. s .. "}" end, true)
        try("[-+]+%f[%s%]%)%z]", function(s) return "^{" .. s .. "}" end, true)
      end
      try("%d+/%d+", function(s) return "\\frac{" .. s:gsub("/", "}{") .. "}" end, false)
      try("%d+%.?%d*", function(s) return s end, false)
      try("%a+", function(s) return "\\mathrm{" .. s .. "}" end, true)
      try("[%)%]}]", function(s) return s end, true)
      try("[%({%[]", function(s) return s end, false)
      try("%-", function() return "{-}" end, false)
      try("=", function() return "{=}" end, false)
      try("#", function() return "{\\equiv}" end, false)
      try("%*", function() return "\\cdot " end, false)
      try("%^", function() return "\\uparrow " end, false)
      try(utf8.charpattern, function(s) return s end, false)
      pos = stop
    end
    return table.concat(out)
  end
  function commands.ce(p) return p:instead("ce", chemistry(p:raw_argument())) end
  commands.cee = commands.ce
  function commands.pu(p) return p:instead("pu", "\\mathrm{" .. p:raw_argument():gsub("//", "/"):gsub("%s+", "\\,"):gsub("%^(%-?%d+)", "^{%1}") .. "}") end
end
