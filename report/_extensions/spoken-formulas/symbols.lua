-- What a formula may hold: the signs (signs.lua), by name and by character, the named functions, and which signs have a negation.

return function(signs)
  local M = {named = {}, char = {}}

  for names, char, class, words in signs:gmatch("(%S+) (%S+) (%S+) ([^\n]+)\n") do
    for name in names:gmatch("[^,]+") do
      local symbol = {k = "sym", ch = char, cls = class, say = words, name = name}
      M.named[name] = symbol
      if not M.char[char] then M.char[char] = symbol end
    end
  end

  -- Characters that are written as themselves.
  for char, class, words in ([[
+ bin plus
− bin minus
= rel equals
< rel is less than
> rel is greater than
! close factorial
? close ?
/ ord over
. ord .
% ord percent
# ord number
$ ord dollars
& ord and
_ ord underscore
@ ord at
( open open bracket
) close close bracket
[ open open square bracket
] close close square bracket
{ open open brace
} close close brace
| ord bar
‖ ord double bar
: rel colon
; punct ;
, punct ,
· bin times
≔ rel is defined as
∥ ord double bar
]]):gmatch("(%S+) (%S+) ([^\n]+)\n") do
    M.char[char] = {k = "sym", ch = char, cls = class, say = words}
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

  -- Named functions: how they are printed, whether a subscript stands below them, how they are spoken.
  M.functions = {
    sin = {"sin", false, "sine"}, cos = {"cos", false, "cosine"}, tan = {"tan", false, "tangent"},
    cot = {"cot", false, "cotangent"}, sec = {"sec", false, "secant"}, csc = {"csc", false, "cosecant"},
    sinh = {"sinh", false, "hyperbolic sine"}, cosh = {"cosh", false, "hyperbolic cosine"},
    tanh = {"tanh", false, "hyperbolic tangent"}, coth = {"coth", false, "hyperbolic cotangent"},
    arcsin = {"arcsin", false, "arc sine"}, arccos = {"arccos", false, "arc cosine"},
    arctan = {"arctan", false, "arc tangent"}, arg = {"arg", false, "arg"}, deg = {"deg", false, "degree"},
    dim = {"dim", false, "dimension"}, exp = {"exp", false, "exponential"}, hom = {"hom", false, "hom"},
    ker = {"ker", false, "kernel"}, lg = {"lg", false, "log"}, ln = {"ln", false, "natural log"},
    log = {"log", false, "log"}, det = {"det", true, "determinant"}, gcd = {"gcd", true, "greatest common divisor"},
    inf = {"inf", true, "infimum"}, sup = {"sup", true, "supremum"}, lim = {"lim", true, "limit"},
    liminf = {"lim inf", true, "limit inferior"}, limsup = {"lim sup", true, "limit superior"},
    max = {"max", true, "maximum"}, min = {"min", true, "minimum"}, Pr = {"Pr", true, "probability"},
    injlim = {"inj lim", true, "direct limit"}, projlim = {"proj lim", true, "inverse limit"}, plim = {"plim", true, "probability limit"},
    argmax = {"arg max", true, "arg max"}, argmin = {"arg min", true, "arg min"}, sech = {"sech", false, "hyperbolic secant"},
    csch = {"csch", false, "hyperbolic cosecant"}, arccot = {"arccot", false, "arc cotangent"}, arcsec = {"arcsec", false, "arc secant"},
    arccsc = {"arccsc", false, "arc cosecant"}, asin = {"asin", false, "arc sine"}, acos = {"acos", false, "arc cosine"},
    atan = {"atan", false, "arc tangent"}, tg = {"tg", false, "tangent"}, ctg = {"ctg", false, "cotangent"}, cotg = {"cotg", false, "cotangent"},
    cosec = {"cosec", false, "cosecant"}, arctg = {"arctg", false, "arc tangent"}, arcctg = {"arcctg", false, "arc cotangent"},
    sh = {"sh", false, "hyperbolic sine"}, ch = {"ch", false, "hyperbolic cosine"}, th = {"th", false, "hyperbolic tangent"},
    cth = {"cth", false, "hyperbolic cotangent"}, erf = {"erf", false, "error function"}, rank = {"rank", false, "rank"},
    tr = {"tr", false, "trace"}, Tr = {"Tr", false, "trace"}, trace = {"tr", false, "trace"}, Trace = {"Tr", false, "trace"}, Res = {"Res", false, "residue"},
  }

  -- Spoken names of functions that \operatorname and \mathrm print, where the letters alone would be misread.
  M.spoken_names = {
    atan = "arc tangent", asin = "arc sine", acos = "arc cosine", atanh = "inverse hyperbolic tangent",
    asinh = "inverse hyperbolic sine", acosh = "inverse hyperbolic cosine", sgn = "sign", diag = "diagonal",
    softmax = "soft max", relu = "ReLU", argmax = "arg max", argmin = "arg min", tr = "trace", cov = "covariance",
    var = "variance", sech = "hyperbolic secant", csch = "hyperbolic cosecant", erf = "error function",
  }

  return M
end
