-- Numbers and quantities of siunitx: \num, \ang, \unit or \si, \qty or \SI, and ranges of them.

return function(Parser, commands)
  local prefixes = {
    yocto = "y", zepto = "z", atto = "a", femto = "f", pico = "p", nano = "n", micro = "µ", milli = "m", centi = "c", deci = "d", deca = "da", deka = "da",
    hecto = "h", kilo = "k", mega = "M", giga = "G", tera = "T", peta = "P", exa = "E", zetta = "Z", yotta = "Y", kibi = "Ki", mebi = "Mi", gibi = "Gi", tebi = "Ti",
  }
  local units = {
    metre = "m", meter = "m", gram = "g", second = "s", ampere = "A", kelvin = "K", mole = "mol", candela = "cd", kilogram = "kg", becquerel = "Bq",
    degreeCelsius = "°C", celsius = "°C", coulomb = "C", farad = "F", gray = "Gy", hertz = "Hz", henry = "H", joule = "J", katal = "kat", lumen = "lm", lux = "lx",
    newton = "N", ohm = "Ω", pascal = "Pa", radian = "rad", siemens = "S", sievert = "Sv", steradian = "sr", tesla = "T", volt = "V", watt = "W", weber = "Wb",
    astronomicalunit = "au", bel = "B", dalton = "Da", day = "d", decibel = "dB", degree = "°", electronvolt = "eV", hectare = "ha", hour = "h", litre = "L", liter = "L",
    arcminute = "′", minute = "min", arcsecond = "″", neper = "Np", tonne = "t", bar = "bar", percent = "%", bit = "bit", byte = "B", angstrom = "Å", atmosphere = "atm",
    calorie = "cal", parsec = "pc", lightyear = "ly", kWh = "kWh", eV = "eV", dB = "dB", m = "m", s = "s", kg = "kg", cm = "cm", mm = "mm", km = "km", Hz = "Hz",
    kHz = "kHz", MHz = "MHz", GHz = "GHz", ms = "ms", us = "µs", ns = "ns", nm = "nm", um = "µm", K = "K", N = "N", J = "J", W = "W", V = "V", A = "A", L = "L", g = "g",
    mg = "mg", mol = "mol", kV = "kV", mV = "mV", mA = "mA", keV = "keV", MeV = "MeV", GeV = "GeV", TeV = "TeV", hPa = "hPa", kPa = "kPa", kW = "kW", MW = "MW", kN = "kN", kJ = "kJ",
  }
  local powers = {squared = "2", cubed = "3", square = "2", cubic = "3"}

  -- -- units --------------------------------------------------------------------------------------------------------

  -- A unit as TeX: \kilo\metre\per\second\squared is \mathrm{km}\,\mathrm{s}^{-2}.
  local function unit(p, text)
    local out, prefix, per, before, pos = {}, "", false, nil, 1
    local function add(name)
      local power = before or (per and "" or nil)
      out[#out + 1] = "\\text{" .. prefix .. name:gsub("%%", "\\%%") .. "}" .. (power and "^{" .. (per and "-" .. (power == "" and "1" or power) or power) .. "}" or "")
      prefix, before, per = "", nil, false
    end
    while pos <= #text do
      local name, stop = text:match("^\\(%a+)%s*()", pos)
      if name then
        pos = stop
        if name == "per" then per = true
        elseif name == "square" or name == "cubic" then before = powers[name]
        elseif name == "squared" or name == "cubed" or name == "tothe" or name == "raiseto" then
          local power = powers[name] or text:match("^{?([^{}]*)}?", pos)
          if not powers[name] then pos = text:match("^{?[^{}]*}?()", pos) end
          if name == "raiseto" then before = power
          else
            local last = out[#out] or ""
            local negative = last:match("%^{%-1}$")
            out[#out] = last:gsub("%^{[^{}]*}$", "") .. "^{" .. (negative and "-" or "") .. power .. "}"
          end
        elseif prefixes[name] then prefix = prefix .. prefixes[name]
        elseif units[name] then add(units[name])
        elseif name == "of" then pos = text:match("^%b{}()", pos) or pos
        elseif name == "cancel" or name == "highlight" then prefix = prefix .. ""
        else p:refuse("the unit \\" .. name .. " is not known") end
      else
        local word, after = text:match("^(%a[%a]*)()", pos)
        if word then add(word) pos = after
        else
          local char, next = text:match("^(" .. utf8.charpattern .. ")()", pos)
          if char == "^" or char == "_" then
            local power = text:match("^{?([-+%w]+)}?", next) or ""
            next = text:match("^{?[-+%w]+}?()", next) or next
            out[#out] = (out[#out] or "") .. char .. "{" .. power .. "}"
          elseif char == "/" then out[#out + 1] = "/"
          elseif char == "." or char == "~" or char:match("%s") then prefix = prefix
          elseif char:match("[%d(){}$\\,]") then out[#out + 1] = char:match("[{}$\\,]") and "" or char
          else add(char) end
          pos = next
        end
      end
    end
    return (table.concat(out, "\\,"):gsub("\\,/\\,", "/"))
  end

  -- -- numbers ------------------------------------------------------------------------------------------------------

  -- 1.2e-7 is 1.2 × 10⁻⁷, 1.2(3) and 1.2+-0.3 are what they say; digits stand in threes from five on.
  local function grouped(digits)
    if #digits < 5 then return digits end
    return (digits:reverse():gsub("(%d%d%d)", "%1,\\"):reverse():gsub("^\\,", ""))
  end
  local function number(text)
    text = text:gsub("\\,", ""):gsub("[%s~]", ""):gsub("\\pm", "+-"):gsub("\\times10%^{?([-+%d]+)}?", "e%1"):gsub("^(%-?%d+),(%d+)$", "%1.%2"):gsub("[dD](%-?%d+)$", "e%1")
    local mantissa, exponent = text:match("^(.-)[eE]([-+]?%d+)$")
    local body = (mantissa or text):gsub("%+%-", "\\pm "):gsub("%f[%d.]%d+%f[^%d]", function(digits) return digits end)
    body = body:gsub("^(%-?)(%d+)", function(sign, digits) return sign .. grouped(digits) end)
    if not exponent then return body end
    local power = "10^{" .. exponent:gsub("^%+", "") .. "}"
    if body == "" or body == "-" then return body .. power end
    return (body:match("\\pm") and "(" .. body .. ")" or body) .. "\\times " .. power
  end

  local function spaced(value, of) return of == "" and value or value .. (of:match("^\\text{[°′″%%]+}$") and of:match("°}$") and "" or "\\,") .. of end

  function commands.num(p)
    p:raw_optional()
    return p:instead("num", number(p:raw_argument()))
  end
  for _, name in ipairs({"si", "unit"}) do
    commands[name] = function(p)
      p:raw_optional()
      return p:instead(name, unit(p, p:raw_argument()))
    end
  end
  function commands.SI(p)
    p:raw_optional()
    local value = number(p:raw_argument())
    p:raw_optional() -- a unit in front of the number
    return p:instead("SI", spaced(value, unit(p, p:raw_argument())))
  end
  -- siunitx's \qty has two arguments, the one of physics has brackets of any kind around one.
  function commands.qty(p)
    local start = p.pos
    p:raw_optional()
    if p:more() then
      p:raw_argument()
      local second = p:more()
      p.pos = start
      if second then return commands.SI(p) end
    end
    p.pos = start
    return commands.quantity(p)
  end
  function commands.ang(p)
    p:raw_optional()
    local out, marks = {}, {"°", "′", "″"}
    for part in (p:raw_argument() .. ";"):gmatch("([^;]*);") do
      local mark = table.remove(marks, 1)
      if part:match("%S") and mark then out[#out + 1] = number(part) .. "\\text{" .. mark .. "}" end
    end
    return p:instead("ang", table.concat(out))
  end
  local function range(name, with_unit)
    commands[name] = function(p)
      p:raw_optional()
      local from, to = number(p:raw_argument()), number(p:raw_argument())
      local of = with_unit and unit(p, p:raw_argument()) or ""
      return p:instead(name, spaced(from, of) .. "\\text{ to }" .. spaced(to, of))
    end
  end
  range("numrange", false)
  range("SIrange", true)
  range("qtyrange", true)
  for name, with_unit in pairs({numlist = false, SIlist = true, qtylist = true, numproduct = false}) do
    commands[name] = function(p)
      p:raw_optional()
      local out = {}
      for part in (p:raw_argument():gsub("x", ";") .. ";"):gmatch("([^;]*);") do out[#out + 1] = number(part) end
      local of = with_unit and unit(p, p:raw_argument()) or ""
      return p:instead(name, spaced(table.concat(out, name == "numproduct" and "\\times " or ",\\ "), of))
    end
  end
  -- In a formula by itself: \kilogram, \metre; what is an accent or a sign there stays one.
  for name in pairs(units) do
    if #name > 3 and not commands[name] and name ~= "bar" and name ~= "degree" and name ~= "percent" and name ~= "micro" and name ~= "celsius" and name ~= "ohm" then
      commands[name] = function(p) return p:instead(name, unit(p, "\\" .. name)) end
    end
  end
  function commands.per() return {k = "sym", ch = "/", cls = "ord", name = "per"} end
end
