-- Colours of a formula: by name, mixed as xcolor mixes (red!30!white), by a model's numbers, or \definecolor's.

return function(Parser, commands)
  -- The colours of CSS and of dvips.
  local named = {}
  for name, code in ([[
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000
blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e
coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b
darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00
darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f
darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222
floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080
green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c
lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff
lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa
lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32
linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db
mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970
mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23
orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093
papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000
rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d
silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c
teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00
yellowgreen 9acd32 Apricot fbb982 Aquamarine 00b5be Bittersweet c04f17 Black 221e1f Blue 2d2f92 BlueGreen 00b3b8 BlueViolet 473992
BrickRed b6321c Brown 792500 BurntOrange f7921d CadetBlue 74729a CarnationPink f282b4 Cerulean 00a2e3 CornflowerBlue 41b0e4 Cyan 00aeef
Dandelion fdbc42 DarkOrchid a4538a Emerald 00a99d ForestGreen 009b55 Fuchsia 8c368c Goldenrod ffdf42 Gray 949698 Green 00a64f
GreenYellow dfe674 JungleGreen 00a99a Lavender f49ec4 LimeGreen 8dc73e Magenta ec008c Mahogany a9341f Maroon af3235 Melon f89e7b
MidnightBlue 006795 Mulberry a93c93 NavyBlue 006eb8 OliveGreen 3c8031 Orange f58137 OrangeRed ed135a Orchid af72b0 Peach f7965a
Periwinkle 7977b8 PineGreen 008b72 Plum 92268f ProcessBlue 00b0f0 Purple 99479b RawSienna 974006 Red ed1b23 RedOrange f26035
RedViolet a1246b Rhodamine ef559f RoyalBlue 0071bc RoyalPurple 613f99 RubineRed ed017d Salmon f69289 SeaGreen 3fbc9d Sepia 671800
SkyBlue 46c5dd SpringGreen c6dc67 Tan da9d76 TealBlue 00aeb3 Thistle d883b7 Turquoise 00b4ce Violet 58429b VioletRed ef58a0 White ffffff
WildStrawberry ee2967 Yellow fff200 YellowGreen 98cc70 YellowOrange faa21a
]]):gmatch("(%a+) (%x+)") do
    named[name] = code
    if not named[name:lower()] then named[name:lower()] = code end
  end

  -- The pure ones are darker where something is written in them, so that it can be read on white.
  local inks = {
    red = "8c2f39", blue = "24508c", green = "3f8253", orange = "b25a1d", purple = "7c4d96", gray = "6b7683", grey = "6b7683",
    black = "1c2530", cyan = "00758a", magenta = "a3327a", yellow = "8a6d00", lime = "4f7d00", pink = "b34a6e",
  }

  local function channels(code)
    return tonumber(code:sub(1, 2), 16), tonumber(code:sub(3, 4), 16), tonumber(code:sub(5, 6), 16)
  end

  local function code_of(red, green, blue)
    local function byte(value) return math.floor(math.max(0, math.min(255, value)) + 0.5) end
    return ("%02x%02x%02x"):format(byte(red), byte(green), byte(blue))
  end

  local function mixed(first, share, second)
    local r1, g1, b1 = channels(first)
    local r2, g2, b2 = channels(second)
    local part = share / 100
    return code_of(r1 * part + r2 * (1 - part), g1 * part + g2 * (1 - part), b1 * part + b2 * (1 - part))
  end

  local models = {}
  function models.rgb(n) return code_of(n[1] * 255, n[2] * 255, n[3] * 255) end
  function models.RGB(n) return code_of(n[1], n[2], n[3]) end
  function models.gray(n) return code_of(n[1] * 255, n[1] * 255, n[1] * 255) end
  function models.cmyk(n)
    return code_of(255 * (1 - n[1]) * (1 - n[4]), 255 * (1 - n[2]) * (1 - n[4]), 255 * (1 - n[3]) * (1 - n[4]))
  end
  local counts = {rgb = 3, RGB = 3, gray = 1, cmyk = 4}

  -- The six digits of a colour's description; nil where it is not known.
  local function described(self, text, model, ink)
    text = text:match("^%s*(.-)%s*$")
    if model == "named" then model = nil end
    if model == "HTML" or not model then
      local code = text:match("^#?(%x%x%x%x%x%x)$")
      if code then return code:lower() end
      local short = not model and text:match("^#(%x%x%x)$")
      if short then return (short:gsub(".", "%0%0"):lower()) end
    end
    if model then
      local numbers = {}
      for number in text:gmatch("[%d.]+") do numbers[#numbers + 1] = tonumber(number) end
      return models[model] and #numbers == counts[model] and models[model](numbers) or nil
    end
    local first, rest = text:match("^%-?([^!]+)!?(.*)$")
    local code = first and (self.macros["colour " .. first] or ink and inks[first] or named[first] or named[first:lower()])
    while code and rest ~= "" do
      local share, second, more = rest:match("^([%d.]+)!?([^!]*)!?(.*)$")
      local other = share and (second == "" and "ffffff" or described(self, second))
      code, rest = other and mixed(code, tonumber(share), other), more
    end
    return code
  end

  --- Reads a colour, [model]{…} or {…}; returns its six digits. `fill`: it is a ground, not ink.
  function Parser:colour(fill)
    local start = self.pos
    local model, text = self:raw_optional(), self:raw_argument()
    local code = described(self, text, model, not fill)
    if not code then self:refuse("the colour “" .. text .. "” is not known", start) end
    return code
  end

  function commands.textcolor(p) return {k = "colour", name = p:colour(), list = p:argument()} end
  function commands.color(p) return {k = "colour", name = p:colour(), list = p:rest()} end
  function commands.colorbox(p) return {k = "box", fill = p:colour(true), list = {p:text_argument("rm")}} end
  function commands.fcolorbox(p) return {k = "box", stroke = p:colour(), fill = p:colour(true), list = {p:text_argument("rm")}} end
  function commands.cellcolor(p) p:colour() end
  commands.rowcolor, commands.columncolor, commands.pagecolor = commands.cellcolor, commands.cellcolor, commands.cellcolor
  function commands.definecolor(p)
    local name, model, text = p:raw_argument(), p:raw_argument(), p:raw_argument()
    local code = described(p, text, model)
    if not code then p:refuse("the colour “" .. name .. "” is not known") end
    p.macros["colour " .. name] = code
  end
end
