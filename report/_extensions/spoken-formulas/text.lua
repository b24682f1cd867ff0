-- Text in a formula, \text{…} and its kin: words, accented letters, fonts, and formulas between dollar signs.

return function(Parser, commands, symbols)
  local fonts = {
    text = "rm", textrm = "rm", textnormal = "rm", textup = "rm", mbox = "rm", hbox = "rm", textbf = "bf", textit = "it", textmd = "rm",
    textsl = "it", emph = "it", texttt = "tt", textsf = "sf", textsc = "rm", mathrm = "rm", mathbf = "bf", mathit = "it", textlf = "rm",
    intertext = "rm",
  }
  local declared = {rm = "rm", bf = "bf", it = "it", tt = "tt", sf = "sf", sl = "it", em = "it", bfseries = "bf", itshape = "it", ttfamily = "tt", sffamily = "sf", upshape = "rm", normalfont = "rm", rmfamily = "rm"}
  local sizes = {tiny = true, scriptsize = true, footnotesize = true, small = true, normalsize = true, large = true, Large = true, LARGE = true, huge = true, Huge = true, centering = true, displaystyle = true, textstyle = true, relax = true, noindent = true}
  local strings = {
    quad = "\u{2003}", qquad = "\u{2003}\u{2003}", enspace = "\u{2002}", thinspace = "\u{2009}", space = " ", nobreakspace = "\u{a0}", newline = " ",
    textbackslash = "\\", ldots = "…", dots = "…", LaTeX = "LaTeX", TeX = "TeX", slash = "/", lbrace = "{", rbrace = "}", textbraceleft = "{", textbraceright = "}", textquoteleft = "‘", textquoteright = "’", textquotedblleft = "“", textquotedblright = "”", textendash = "–", textemdash = "—", ["\\"] = " ", [" "] = " ", ["\n"] = " ", [","] = "\u{2009}",
    [":"] = "\u{2009}", [";"] = "\u{2009}", [">"] = "\u{2009}", ["!"] = "", ["/"] = "", ["-"] = "", ["@"] = "",
  }
  for char in ("$%#&_{}"):gmatch(".") do strings[char] = char end
  local marks = {
    ["'"] = "\u{301}", ["`"] = "\u{300}", ["^"] = "\u{302}", ['"'] = "\u{308}", ["~"] = "\u{303}", ["="] = "\u{304}", ["."] = "\u{307}", u = "\u{306}",
    v = "\u{30c}", H = "\u{30b}", c = "\u{327}", k = "\u{328}", r = "\u{30a}", d = "\u{323}", b = "\u{331}",
  }
  local ligatures = {{"---", "—"}, {"--", "–"}, {"``", "“"}, {"''", "”"}, {"`", "‘"}, {"'", "’"}, {"~", "\u{a0}"}, {'"', "”"}}

  -- \'e is one letter.
  function Parser:accented(mark)
    local letter = self:raw_argument():gsub("^\\([ij])$", "%1")
    local first = letter:match(utf8.charpattern) or ""
    return first .. mark .. letter:sub(#first + 1)
  end

  -- Everything up to the brace that closes what was opened at `start`, which is taken.
  function Parser:text_parts(start, close, font)
    local parts, word = {}, {}
    local function flush()
      if #word > 0 then parts[#parts + 1] = table.concat(word) end
      word = {}
    end
    local function add(s) word[#word + 1] = s end
    local function put(node)
      flush()
      parts[#parts + 1] = node
    end
    while true do
      if self.pos > #self.src then self:refuse(close == "}" and "a group is not closed" or "“" .. close .. "” is missing", start) end
      local char = self.src:match("^" .. utf8.charpattern, self.pos)
      if not char then self:refuse("the formula is not UTF-8 text") end
      if char == close then
        self.pos = self.pos + 1
        break
      elseif char == "\\" then
        self:text_command(add, put, close, font)
      elseif char == "{" then
        self.pos = self.pos + 1
        put({k = "text", parts = self:text_parts(self.pos - 1, "}", font), font = font})
      elseif char == "}" then
        self:refuse("a closing brace has no opening one")
      elseif char == "$" then
        local dollars = self.src:match("^%$%$?", self.pos)
        self.pos = self.pos + #dollars
        put(self:text_formula(dollars))
      elseif char:match("%s") then
        add(" ")
        self.pos = self.src:match("^%s*()", self.pos)
      elseif char == "%" then
        self.pos = self.src:match("^%%[^\n]*\n?()", self.pos)
      else
        local plain
        for _, pair in ipairs(ligatures) do
          if not plain and self.src:sub(self.pos, self.pos + #pair[1] - 1) == pair[1] then plain = pair end
        end
        add(plain and plain[2] or char)
        self.pos = self.pos + #(plain and plain[1] or char)
      end
    end
    flush()
    return parts
  end

  -- A formula in the text, whose opening has been taken.
  function Parser:text_formula(close)
    local start = self.pos
    local inner = self:up_to(close, "a formula inside \\text is not closed", true)
    self.src = self.src:sub(1, start - 1) .. "{" .. inner .. "}" .. self.src:sub(self.pos)
    self.pos = start
    return {k = "group", list = self:group()}
  end

  function Parser:text_command(add, put, close, font)
    local start = self.pos
    local name, stop = self.src:match("^\\(%a+)()", self.pos)
    if not name then name, stop = self.src:match("^\\(" .. utf8.charpattern .. ")()", self.pos) end
    if not name then self:refuse("a lone “\\” has no meaning") end
    local macro = self.macros[name]
    if macro and not macro.primitive then return self:expand(name, macro, stop) end
    name = macro and macro.primitive or name
    self.pos = stop
    if name:match("%a") then self.pos = self.src:match("^%s*()", stop) end
    local braced = self.src:sub(self.pos, self.pos) == "{"
    if strings[name] then
      add(strings[name])
    elseif marks[name] and (not name:match("%a") or self.src:match("^{?%a", self.pos)) then
      add(self:accented(marks[name]))
    elseif fonts[name] and braced then
      put(self:text_argument(fonts[name]))
    elseif declared[name] then
      put({k = "text", parts = self:text_parts(start, close, declared[name]), font = declared[name]})
      self.pos = self.pos - 1 -- whoever reads the group takes its brace
    elseif sizes[name] then
      return
    elseif name == "(" then
      put(self:text_formula("\\)"))
    elseif name == "textcolor" or name == "color" then
      local colour = self:colour()
      local rest = name == "color" and {k = "text", parts = self:text_parts(start, close, font), font = font}
      if rest then self.pos = self.pos - 1 end
      put({k = "colour", name = colour, list = {rest or self:text_argument(font)}})
    elseif name == "underline" or name == "uline" then
      put({k = "accent", accent = "underline", list = {self:text_argument(font)}})
    elseif name == "textsuperscript" or name == "textsubscript" then
      put({k = "scripts", primes = 0, [name == "textsuperscript" and "sup" or "sub"] = {self:text_argument(font)}})
    elseif symbols.named[name] and symbols.named[name].cls == "ord" and not name:match("^%l%l%l") then
      add(symbols.named[name].ch) -- \ss, \O, \S
    else
      -- Whatever a formula knows may stand here too: \text{if $x$ \in A}.
      self.pos = start
      if not (commands[name] or symbols.named[name]) then self:refuse("\\" .. name .. " is not known in text") end
      local node = self:atom()
      if node then put({k = "group", list = {node}}) end
    end
  end

  -- A text's node: the argument of \text and its kin.
  function Parser:text_argument(font)
    self:skip_blanks()
    local start = self.pos
    if self.src:sub(start, start) ~= "{" then return {k = "text", font = font, parts = {self:raw_argument()}} end
    self.pos = start + 1
    return {k = "text", font = font, parts = self:text_parts(start, "}", font)}
  end

  for name, font in pairs(fonts) do
    if not name:match("^math") and name ~= "intertext" then
      commands[name] = function(p) return p:text_argument(font) end
    end
  end
  commands.verb = function(p)
    p.pos = p.src:match("^%*()", p.pos) or p.pos
    local mark = p.src:match("^" .. utf8.charpattern, p.pos) or ""
    local stop = mark ~= "" and p.src:find(mark, p.pos + #mark, true)
    if not stop then p:refuse("\\verb is not closed") end
    local text = p.src:sub(p.pos + #mark, stop - 1)
    p.pos = stop + #mark
    return {k = "text", font = "tt", parts = {text}}
  end
end
