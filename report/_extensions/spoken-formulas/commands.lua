-- What TeX's commands mean, LaTeX's own and those of amsmath and mathtools: each reads its arguments and makes a node.

return function(Parser, commands, symbols, M)
  M.symbols = symbols

  -- Gives several names to what `make` makes for each.
  local function each(names, make)
    for name in names:gmatch("%S+") do commands[name] = make(name) end
  end
  local function always(node) return function() return node end end

  -- -- spaces -------------------------------------------------------------------------------------------------------

  for name, em in pairs({
    quad = 1, qquad = 2, enspace = 0.5, thinspace = 1 / 6, medspace = 2 / 9, thickspace = 5 / 18, negthinspace = -1 / 6, negmedspace = -2 / 9,
    negthickspace = -5 / 18, space = 0.25, nobreakspace = 0.25, hfill = 1, hfil = 1, hfilll = 1, enskip = 0.5, nonscript = 0,
    [","] = 1 / 6, [":"] = 2 / 9, [">"] = 2 / 9, [";"] = 5 / 18, ["!"] = -1 / 6, [" "] = 0.25, ["\n"] = 0.25, ["\t"] = 0.25,
  }) do
    commands[name] = function() return em ~= 0 and {k = "space", em = em} or nil end
  end
  -- What says how TeX is to break or number lines, and what Typst does by itself.
  each([[nonumber notag relax allowbreak nobreak break displaybreak pagebreak nopagebreak noindent centering null protect strut mathstrut hline hdashline midrule
    toprule bottomrule mathsurround bgroup egroup / - @ * MTFlushSpaceAbove MTFlushSpaceBelow normalfont limits par smallskip medskip bigskip
    goodbreak leavevmode nolinebreak linebreak ignorespaces unskip rmfamily upshape mdseries textmd]], function() return function() end end)
  commands.displaybreak = function(p) p:raw_optional() end

  local units = {
    em = 1, ex = 0.45, mu = 1 / 18, pt = 0.1, bp = 0.1004, pc = 1.2, cm = 2.845, mm = 0.2845, ["in"] = 7.227, px = 0.075, sp = 1.5e-6, dd = 0.107, cc = 1.284,
  }

  -- A length in ems.
  function Parser:length(text)
    local number, unit = text:match("^%s*([-+]?[%d.,]+)%s*\\?(%a+)")
    number = number and tonumber((number:gsub(",", ".")))
    local em = number and units[unit]
    if not em then self:refuse("the length “" .. text .. "” is not known") end
    return number * em
  end

  local function space(p, text)
    local em = p:length(text)
    return em ~= 0 and {k = "space", em = em} or nil
  end
  -- A length, which TeX lets stand without braces: \kern-3mu, \hskip 1em plus 1fil
  function Parser:bare_length(name)
    self:skip_blanks()
    if self.src:match("^{", self.pos) then return self:raw_argument() end
    local text = self.src:match("^[-+]?%s*[%d.,]+%s*%a%a", self.pos)
    if not text then self:refuse("\\" .. name .. " needs a length") end
    self.pos = self.pos + #text
    for _, word in ipairs({"plus", "minus"}) do
      self.pos = self.src:match("^%s*" .. word .. "%s*[%d.]+%s*%a+()", self.pos) or self.pos
    end
    return (text:gsub("^([-+]?)%s*", "%1"))
  end
  each("hspace mspace", function(name)
    return function(p)
      p:star()
      return space(p, p:bare_length(name))
    end
  end)
  each("kern mkern hskip mskip", function(name) return function(p) return space(p, p:bare_length(name)) end end)
  each("vspace vskip vspace", function() return function(p)
    p:star()
    p:raw_argument()
  end end)

  -- -- fractions and roots ------------------------------------------------------------------------------------------

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
  each("nicefrac sfrac flatfrac xfrac", function() return function(p)
    local num = p:argument()
    local den = p:argument()
    return {k = "group", list = {{k = "group", list = num}, symbols.char["/"], {k = "group", list = den}}}
  end end)
  each("binom dbinom tbinom", function(name)
    local style = name == "dbinom" and "display" or name == "tbinom" and "inline" or nil
    return function(p)
      local num = p:argument()
      return {k = "binom", num = num, den = p:argument(), style = style}
    end
  end)
  each("splitfrac splitdfrac", function() return function(p)
    local num = p:argument()
    return {k = "frac", num = num, den = p:argument(), bar = false}
  end end)

  -- A fraction that a sign between its halves makes, perhaps in brackets.
  local function halves(num, den, bar, open, close)
    local node = {k = "frac", num = num, den = den, bar = bar}
    if open == "(" and close == ")" and not bar then return {k = "binom", num = num, den = den} end
    if (open or "") == "" and (close or "") == "" then return node end
    return {k = "fence", open = open, close = close, list = {node}}
  end
  M.infix = {
    over = function(_, num, rest) return halves(num, rest(), true) end,
    atop = function(_, num, rest) return halves(num, rest(), false) end,
    choose = function(_, num, rest) return halves(num, rest(), false, "(", ")") end,
    brace = function(_, num, rest) return halves(num, rest(), false, "{", "}") end,
    brack = function(_, num, rest) return halves(num, rest(), false, "[", "]") end,
  }
  function M.infix.above(p, num, rest)
    p:bare_length("above")
    return halves(num, rest(), true)
  end
  function M.infix.overwithdelims(p, num, rest)
    local open, close = p:delimiter("overwithdelims"), p:delimiter("overwithdelims")
    return halves(num, rest(), true, open, close)
  end
  function M.infix.atopwithdelims(p, num, rest)
    local open, close = p:delimiter("atopwithdelims"), p:delimiter("atopwithdelims")
    return halves(num, rest(), false, open, close)
  end
  function commands.genfrac(p)
    local function delimiter()
      local text = p:raw_argument()
      if text:match("^%s*$") then return "" end
      local start = p.pos
      p.src, p.pos = p.src:sub(1, start - 1) .. text .. " " .. p.src:sub(start), start
      return p:delimiter("genfrac")
    end
    local open, close = delimiter(), delimiter()
    local thickness, style = p:raw_argument(), p:raw_argument():match("%d")
    local num = p:argument()
    local node = halves(num, p:argument(), not thickness:match("^%s*0"), open, close)
    if not style then return node end
    return {k = "style", style = ({"inline", "script", "sscript"})[tonumber(style)] or "display", list = {node}}
  end

  function commands.sqrt(p)
    local index = p:optional()
    return {k = "sqrt", index = index, list = p:argument()}
  end
  function commands.root(p)
    local index = {}
    while not p:at("command", "of") do
      if p:at("end", "") then p:refuse("\\root has no \\of") end
      index[#index + 1] = p:atom()
    end
    p:take()
    return {k = "sqrt", index = index, list = p:argument()}
  end
  each("uproot leftroot", function() return function(p) p:raw_argument() end end)

  -- -- fonts, sizes and styles --------------------------------------------------------------------------------------

  for names, font in pairs({
    ["mathrm mathup symrm symup mathrmup textrmup mathnormalup"] = "rm", ["mathbf symbf mathbfup symbfup bold"] = "bf", ["mathit symit"] = "it", ["mathtt symtt"] = "tt",
    ["mathsf symsf mathsfup symsfup mathbfsf mathbfsfup symbfsf mathsfit mathbfsfit symsfit symbfsfup symbfsfit"] = "sf", ["mathcal symcal mathbfcal symbfcal"] = "cal",
    ["mathscr symscr mathbfscr symbfscr"] = "scr", ["mathfrak symfrak mathbffrak symbffrak frak"] = "frak",
    ["mathbb symbb Bbb mathds mathbbm mathbbmss mathbbb"] = "bb", ["boldsymbol bm pmb mathbfit symbfit mathbold"] = "bm", ["mathnormal mathmit symnormal"] = "normal",
  }) do
    each(names, function() return function(p) return {k = "font", font = font, list = p:argument()} end end)
  end
  for name, font in pairs({rm = "rm", bf = "bf", it = "it", tt = "tt", sf = "sf", cal = "cal", scr = "scr", boldmath = "bm", mit = "it", bfseries = "bf", itshape = "it", bbFont = "bb", oldstyle = "rm", sl = "it"}) do
    commands[name] = function(p) return {k = "font", font = font, list = p:rest()} end
  end
  for name, em in pairs({tiny = 0.5, Tiny = 0.6, scriptsize = 0.7, footnotesize = 0.8, small = 0.9, large = 1.2, Large = 1.44, LARGE = 1.73, huge = 2.07, Huge = 2.49, normalsize = 1}) do
    commands[name] = function(p)
      local outer = p.size or 1
      p.size = em
      local node = {k = "size", em = em / outer, list = p:rest()}
      p.size = outer
      return node
    end
  end
  for name, style in pairs({displaystyle = "display", textstyle = "inline", scriptstyle = "script", scriptscriptstyle = "sscript"}) do
    commands[name] = function(p) return {k = "style", style = style, list = p:rest()} end
  end
  function commands.mathchoice(p)
    local choices = {p:argument(), p:argument(), p:argument(), p:argument()}
    return {k = "group", list = choices[p.display and 1 or 2]}
  end
  for letter, char in pairs({Gamma = "Γ", Delta = "Δ", Theta = "Θ", Lambda = "Λ", Xi = "Ξ", Pi = "Π", Sigma = "Σ", Upsilon = "Υ", Phi = "Φ", Psi = "Ψ", Omega = "Ω"}) do
    commands["var" .. letter] = always({k = "font", font = "it", list = {symbols.char[char]}})
    commands["Up" .. letter:lower()] = always(symbols.char[char])
  end
  for name in ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega varepsilon vartheta varpi varrho varsigma varphi"):gmatch("%S+") do
    commands["up" .. name] = always({k = "font", font = "rm", list = {symbols.named[name]}})
  end
  commands.Bbbk = always({k = "font", font = "bb", list = {{k = "letter", ch = "k"}}})

  -- -- above and below ----------------------------------------------------------------------------------------------

  each([[hat tilde bar vec dot ddot dddot ddddot check breve acute grave mathring widehat widetilde overline underline overrightarrow overleftarrow
    overleftrightarrow underrightarrow underleftarrow underleftrightarrow widecheck overparen underparen wideparen overarc overrightharpoon]], function(name)
    return function(p) return {k = "accent", accent = name, list = p:argument()} end
  end)
  for name, same in pairs({
    underbar = "underline", overbar = "overline", widebar = "overline", utilde = "tilde", Hat = "hat", Tilde = "tilde", Bar = "bar", Vec = "vec", Dot = "dot",
    Ddot = "ddot", Check = "check", Breve = "breve", Acute = "acute", Grave = "grave", undertilde = "tilde", ["~"] = "tilde", ["="] = "bar", ["^"] = "hat", ["."] = "dot",
    ["'"] = "acute", ["`"] = "grave", ['"'] = "ddot",
  }) do
    commands[name] = function(p) return {k = "accent", accent = same, list = p:argument()} end
  end
  each("underbrace overbrace underbracket overbracket", function(name)
    return function(p)
      while p:raw_optional() do end -- a bracket's thickness
      return {k = "brace", kind = name, list = p:argument()}
    end
  end)
  each("overset stackrel", function() return function(p)
    local over = p:argument()
    return {k = "stack", over = over, base = p:argument()}
  end end)
  function commands.stackbin(p) return {k = "class", cls = "bin", list = {commands.overset(p)}} end
  function commands.buildrel(p)
    local over = {}
    while not p:at("command", "over") do
      if p:at("end", "") then p:refuse("\\buildrel has no \\over") end
      over[#over + 1] = p:atom()
    end
    p:take()
    return {k = "stack", over = over, base = p:argument()}
  end
  function commands.underset(p)
    local under = p:argument()
    return {k = "stack", under = under, base = p:argument()}
  end
  function commands.overunderset(p)
    local over, under = p:argument(), p:argument()
    return {k = "stack", over = over, under = under, base = p:argument()}
  end
  for name, ch in pairs({
    xrightarrow = "→", xleftarrow = "←", xleftrightarrow = "↔", xRightarrow = "⇒", xLeftarrow = "⇐", xLeftrightarrow = "⇔", xmapsto = "↦",
    xlongequal = "=", xequal = "=", xhookrightarrow = "↪", xhookleftarrow = "↩", xtwoheadrightarrow = "↠", xtwoheadleftarrow = "↞", xrightharpoonup = "⇀",
    xrightharpoondown = "⇁", xleftharpoonup = "↼", xleftharpoondown = "↽", xrightleftharpoons = "⇌", xleftrightharpoons = "⇋", xtofrom = "⇄",
    xrightleftarrows = "⇄", longrightleftharpoons = nil,
  }) do
    commands[name] = function(p)
      local under = p:optional()
      return {k = "arrow", ch = ch, under = under, over = p:argument()}
    end
  end
  function commands.substack(p)
    p:skip_blanks()
    local start = p.pos
    p:expect("{")
    local rows = p:rows("}", start)
    p:expect("}")
    return {k = "env", kind = "substack", name = "substack", rows = rows, lines = {}}
  end
  commands.crampedsubstack = commands.substack
  -- \sideset{_a^b}{_c^d}\sum and \prescript{a}{b}X: scripts in front
  local function script_pair(p)
    p:expect("{")
    local node = p:scripts(nil)
    p:expect("}")
    return node
  end
  function commands.sideset(p)
    local before, after = script_pair(p), script_pair(p)
    local base = p:atom()
    return {k = "scripts", primes = after.primes, presub = before.sub, presup = before.sup, sub = after.sub, sup = after.sup, base = base, place = "nolimits", closed = true}
  end
  function commands.prescript(p)
    local sup, sub = p:argument(), p:argument()
    local base = p:argument()
    return {k = "scripts", primes = 0, presup = #sup > 0 and sup or nil, presub = #sub > 0 and sub or nil, base = {k = "group", list = base}, closed = true}
  end

  -- -- functions, operators and classes -----------------------------------------------------------------------------

  for name, spec in pairs(symbols.functions) do
    commands[name] = always({k = "func", name = spec[1], limits = spec[2]})
  end
  for name, spec in pairs({varlimsup = {"overline", "lim"}, varliminf = {"underline", "lim"}, varinjlim = {"underrightarrow", "lim"}, varprojlim = {"underleftarrow", "lim"}}) do
    commands[name] = always({k = "class", cls = "op", limits = true, list = {{k = "accent", accent = spec[1], list = {{k = "func", name = spec[2]}}}}})
  end

  -- Letters make a name; anything else in there is set as it is.
  local function named_operator(list, limits)
    local name = {}
    for _, node in ipairs(list) do
      if node.k == "letter" then name[#name + 1] = node.ch
      elseif node.k == "num" then name[#name + 1] = node.text
      elseif node.k == "space" then name[#name + 1] = node.em > 0 and "\u{2009}" or ""
      elseif node.k == "sym" and (node.ch == "−" or node.ch == "-") then name[#name + 1] = "-"
      elseif node.k == "sym" and (node.ch == "∗" or node.ch == "*") then name[#name + 1] = "∗"
      elseif node.k == "func" then name[#name + 1] = node.name
      elseif (node.k == "text" or node.k == "font" and node.font == "rm") then
        local inner = node.parts or node.list
        if #inner ~= 1 or type(inner[1]) ~= "string" then
          local nested = node.list and named_operator(node.list, limits)
          if not nested or nested.k ~= "func" then return {k = "class", cls = "op", limits = limits, list = {{k = "font", font = "rm", list = list}}} end
          name[#name + 1] = nested.name
        else
          name[#name + 1] = inner[1]
        end
      else return {k = "class", cls = "op", limits = limits, list = {{k = "font", font = "rm", list = list}}} end
    end
    return {k = "func", name = table.concat(name), limits = limits}
  end
  function commands.operatorname(p)
    local limits = p:star()
    return named_operator(p:argument(), limits)
  end
  function commands.operatornamewithlimits(p) return named_operator(p:argument(), true) end
  function commands.mathop(p) return {k = "class", cls = "op", limits = true, list = p:argument()} end
  for name, class in pairs({mathrel = "rel", mathbin = "bin", mathord = "ord", mathopen = "open", mathclose = "close", mathpunct = "punct", mathinner = "ord"}) do
    commands[name] = function(p) return {k = "class", cls = class, list = p:argument()} end
  end
  commands["not"] = function(p)
    local list = p:argument()
    local node = list[1]
    if not node then p:refuse("\\not has nothing to strike through") end
    local sign = #list == 1 and node.k == "sym" and symbols.negated[node.ch]
    if not sign then return {k = "negated", list = list} end
    return {k = "sym", ch = sign, cls = "rel", negates = node.ch}
  end
  commands.centernot = commands["not"]
  commands.bmod = always({k = "class", cls = "bin", list = {{k = "func", name = "mod"}}})
  function commands.mod(p) return {k = "group", list = {{k = "space", em = 1}, {k = "func", name = "mod"}, {k = "space", em = 0.3}, {k = "group", list = p:argument()}}} end
  function commands.pmod(p)
    local list = p:argument()
    table.insert(list, 1, {k = "space", em = 0.25})
    table.insert(list, 1, {k = "func", name = "mod"})
    return {k = "group", list = {{k = "space", em = 0.5}, {k = "fence", open = "(", close = ")", list = list}}}
  end
  function commands.pod(p) return {k = "group", list = {{k = "space", em = 0.5}, {k = "fence", open = "(", close = ")", list = p:argument()}}} end

  -- -- delimiters ---------------------------------------------------------------------------------------------------

  local delimiters = {
    ["("] = "(", [")"] = ")", ["["] = "[", ["]"] = "]", ["|"] = "|", ["/"] = "/", ["<"] = "⟨", [">"] = "⟩", ["."] = "",
    ["⟨"] = "⟨", ["⟩"] = "⟩", ["‖"] = "‖", ["∣"] = "|", ["∥"] = "‖", ["⌊"] = "⌊", ["⌋"] = "⌋", ["⌈"] = "⌈", ["⌉"] = "⌉", ["⟦"] = "⟦", ["⟧"] = "⟧",
    ["{"] = "{", ["}"] = "}",
  }
  local delimiter_commands = {
    ["{"] = "{", ["}"] = "}", ["|"] = "‖", lbrace = "{", rbrace = "}", lbrack = "[", rbrack = "]", vert = "|", Vert = "‖", lparen = "(", rparen = ")",
    lvert = "|", rvert = "|", lVert = "‖", rVert = "‖", mid = "|", parallel = "‖", langle = "⟨", rangle = "⟩", lfloor = "⌊", bracevert = "⎪",
    rfloor = "⌋", lceil = "⌈", rceil = "⌉", backslash = "\\", uparrow = "↑", downarrow = "↓", updownarrow = "↕", Uparrow = "⇑", Downarrow = "⇓",
    Updownarrow = "⇕", lgroup = "⟮", rgroup = "⟯", lt = "⟨", gt = "⟩", lmoustache = "⎰", rmoustache = "⎱", ulcorner = "⌜", urcorner = "⌝", llcorner = "⌞",
    lrcorner = "⌟", llbracket = "⟦", rrbracket = "⟧", lBrack = "⟦", rBrack = "⟧", arrowvert = "|", Arrowvert = "‖", llangle = "⟪", rrangle = "⟫", lAngle = "⟪", rAngle = "⟫",
    lBrace = "⦃", rBrace = "⦄",
  }

  -- A delimiter, which may stand in braces: \bigg{|}.
  function Parser:delimiter(command)
    local start = self.pos
    local grouped = self:accept("char", "{")
    local kind, text = self:take()
    local found
    if kind == "char" then found = delimiters[text] elseif kind == "command" then found = delimiter_commands[text] end
    if grouped and not self:accept("char", "}") then found = nil end
    if not found then self:refuse("\\" .. command .. " needs a delimiter", start) end
    return found
  end

  function commands.left(p)
    local start = p.pos
    local node = {k = "fence", open = p:delimiter("left")}
    local outer = p.opened
    p.opened = start
    node.list = p:lines("right", start)
    p.opened = outer
    p:take()
    node.close = p:delimiter("right")
    return node
  end
  function commands.middle(p) return {k = "middle", delim = p:delimiter("middle")} end
  function commands.right(p) p:refuse("\\right has no \\left") end
  for name, size in pairs({big = 1.2, Big = 1.8, bigg = 2.4, Bigg = 3}) do
    for suffix, class in pairs({[""] = "ord", l = "open", r = "close", m = "rel"}) do
      commands[name .. suffix] = function(p) return {k = "big", size = size, cls = class, delim = p:delimiter(name .. suffix)} end
    end
  end

  -- -- the rest -----------------------------------------------------------------------------------------------------

  commands["|"] = always(symbols.char["‖"])
  for char in ("{}%#$&_"):gmatch(".") do commands[char] = always(symbols.char[char]) end
  commands.lbrace, commands.rbrace, commands.And = commands["{"], commands["}"], commands["&"]
  commands.lq, commands.rq = always({k = "text", font = "rm", parts = {"‘"}}), always({k = "text", font = "rm", parts = {"’"}})
  commands.dag, commands.ddag = always(symbols.named.dagger), always(symbols.named.ddagger)
  commands.ldotp, commands.cdotp = always({k = "sym", ch = ".", cls = "punct"}), always(symbols.named.cdot)
  commands.TeX, commands.LaTeX = always({k = "text", font = "rm", parts = {"TeX"}}), always({k = "text", font = "rm", parts = {"LaTeX"}})
  function commands.textcircled(p)
    local text = p:raw_argument()
    local number = tonumber(text)
    local circled = number and number >= 1 and number <= 20 and utf8.char(0x245f + math.floor(number)) or text .. "\u{20dd}"
    return {k = "text", font = "rm", parts = {circled}}
  end
  commands.circled = commands.textcircled
  function commands.tag(p)
    local star = p:star()
    local node = p:text_argument("rm")
    p.tagged = true
    if not star then node.parts = {"(", {k = "text", font = "rm", parts = node.parts}, ")"} end
    return {k = "tag", parts = node.parts}
  end
  function commands.label(p)
    local name = p:raw_argument()
    p.label = p.label or name
  end
  each("ref eqref cref Cref autoref cite refeq", function(name) return function(p)
    p:refuse("\\" .. name .. " has no place in a formula, refer to it in the text")
  end end)
  commands.begin = function(p) return p:environment() end
  commands["end"] = function(p) p:refuse("\\end has no \\begin") end
  commands["\\"] = function(p) p:refuse("a line break has no place here") end
  commands.cr, commands.newline, commands.tabularnewline = commands["\\"], commands["\\"], commands["\\"]
  each("mmlToken require includegraphics input include usepackage tikz", function(name) return function(p)
    p:refuse("\\" .. name .. " is not known", p.pos - #name - 1)
  end end)
end
