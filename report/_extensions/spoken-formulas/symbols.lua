-- What a formula may hold: the signs (signs.lua), by name and by character, the named functions, and which signs have a negation.

return function(signs)
  local M = {named = {}, char = {}}

  for names, char, class in signs:gmatch("(%S+) (%S+) (%S+)\n") do
    for name in names:gmatch("[^,]+") do
      local symbol = {k = "sym", ch = char, cls = class, name = name}
      M.named[name] = symbol
      if not M.char[char] then M.char[char] = symbol end
    end
  end

  -- Characters that are written as themselves.
  for char, class in ([[
+ bin
− bin
= rel
< rel
> rel
! close
? close
/ ord
. ord
% ord
# ord
$ ord
& ord
_ ord
@ ord
( open
) close
[ open
] close
{ open
} close
| ord
‖ ord
: rel
; punct
, punct
· bin
≔ rel
∥ ord
]]):gmatch("(%S+) (%S+)\n") do
    M.char[char] = {k = "sym", ch = char, cls = class}
  end
  M.char["-"] = M.char["−"]
  M.char["*"] = M.named.ast

  -- \not followed by one of these is one sign.
  M.negated = {
    ["="] = "≠", ["∈"] = "∉", ["<"] = "≮", [">"] = "≯", ["≤"] = "≰", ["≥"] = "≱", ["⊂"] = "⊄", ["⊃"] = "⊅",
    ["⊆"] = "⊈", ["⊇"] = "⊉", ["≡"] = "≢", ["∼"] = "≁", ["≈"] = "≉", ["≃"] = "≄", ["≅"] = "≇", ["∃"] = "∄",
    ["∣"] = "∤", ["∥"] = "∦", ["→"] = "↛", ["⇒"] = "⇏", ["←"] = "↚", ["↔"] = "↮", ["⇐"] = "⇍", ["⇔"] = "⇎",
    ["∋"] = "∌", ["≲"] = "≴", ["≳"] = "≵", ["≶"] = "≸", ["≷"] = "≹", ["≺"] = "⊀", ["≻"] = "⊁", ["⊢"] = "⊬", ["⊨"] = "⊭",
    ["⊩"] = "⊮", ["⊫"] = "⊯", ["≼"] = "⋠", ["≽"] = "⋡", ["⊑"] = "⋢", ["⊒"] = "⋣", ["⊲"] = "⋪", ["⊳"] = "⋫", ["⊴"] = "⋬", ["⊵"] = "⋭",
  }

  -- Named functions: how they are printed, whether a subscript stands below them.
  M.functions = {
    sin = {"sin", false}, cos = {"cos", false}, tan = {"tan", false},
    cot = {"cot", false}, sec = {"sec", false}, csc = {"csc", false},
    sinh = {"sinh", false}, cosh = {"cosh", false},
    tanh = {"tanh", false}, coth = {"coth", false},
    arcsin = {"arcsin", false}, arccos = {"arccos", false},
    arctan = {"arctan", false}, arg = {"arg", false}, deg = {"deg", false},
    dim = {"dim", false}, exp = {"exp", false}, hom = {"hom", false},
    ker = {"ker", false}, lg = {"lg", false}, ln = {"ln", false},
    log = {"log", false}, det = {"det", true}, gcd = {"gcd", true},
    inf = {"inf", true}, sup = {"sup", true}, lim = {"lim", true},
    liminf = {"lim inf", true}, limsup = {"lim sup", true},
    max = {"max", true}, min = {"min", true}, Pr = {"Pr", true},
    injlim = {"inj lim", true}, projlim = {"proj lim", true}, plim = {"plim", true},
    argmax = {"arg max", true}, argmin = {"arg min", true}, sech = {"sech", false},
    csch = {"csch", false}, arccot = {"arccot", false}, arcsec = {"arcsec", false},
    arccsc = {"arccsc", false}, asin = {"asin", false}, acos = {"acos", false},
    atan = {"atan", false}, tg = {"tg", false}, ctg = {"ctg", false}, cotg = {"cotg", false},
    cosec = {"cosec", false}, arctg = {"arctg", false}, arcctg = {"arcctg", false},
    sh = {"sh", false}, ch = {"ch", false}, th = {"th", false},
    cth = {"cth", false}, erf = {"erf", false}, rank = {"rank", false},
    tr = {"tr", false}, Tr = {"Tr", false}, trace = {"tr", false}, Trace = {"Tr", false}, Res = {"Res", false},
  }

  return M
end
