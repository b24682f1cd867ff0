-- Speaks what is attached to a base: indices, powers, primes, and the ranges of sums, limits and their like.

return function(speech, words)
  local flat, is_sign = speech.flat, speech.is_sign
  local row, say, phrase, part, simple = speech.row, speech.say, speech.phrase, speech.part, speech.simple
  local M = {}

  local function one(list) -- the only node of a list
    local nodes = flat(list)
    return #nodes == 1 and nodes[1] or nil
  end

  local function signed(nodes) -- −1, +n
    return #nodes == 2 and (is_sign(nodes[1], "−") or is_sign(nodes[1], "+")) and simple({nodes[2]})
  end

  -- A function that is a label: x_max.
  local function label(node) return node and (node.k == "func" or node.k == "font" and node.font ~= "bf") and speech.plain_name(node) or nil end

  -- Conditions in small print: "j not equal to i".
  local function brief(list)
    return (" " .. row(list)):gsub(words.is, " "):sub(2)
  end

  local function lower(list)
    local nodes = flat(list)
    if #nodes == 0 then return nil end
    local node = #nodes == 1 and nodes[1]
    if node and node.k == "sym" and node.cls ~= "ord" then return words.subscripts[node.ch] or phrase("subscript", say(node)) end
    if label(node) then return phrase("sub", label(node)) end
    if signed(nodes) or simple(list) then return phrase("sub", row(list)) end
    return phrase("long_sub", speech.shape(speech.nested(list), true) or brief(list))
  end

  local norms = {["|"] = true, ["‖"] = true}

  -- A matrix, as far as its name tells: a capital or bold letter, or brackets with one.
  local function matrix(node)
    if node.k == "scripts" then return node.sup == nil and node.base ~= nil and matrix(node.base) end
    if node.k == "font" and (node.font == "bf" or node.font == "bm") then return true end
    if node.k == "sym" then return ("ΓΔΘΛΞΠΣΥΦΨΩ"):find(node.ch, 1, true) ~= nil end
    if node.k == "letter" then return node.ch:match("^%u$") ~= nil end
    if node.k ~= "fence" and node.k ~= "font" and node.k ~= "accent" and node.k ~= "group" or node.open and norms[node.open] then return node.k == "env" end
    for _, inner in ipairs(flat(node.list)) do
      if matrix(inner) then return true end
    end
    return false
  end

  -- Of a number or a norm, T is a power; of a bracket it may be either; else it transposes.
  local function raised_to_t(base)
    if base and (base.k == "num" or base.k == "fence" and norms[base.close]) then return phrase("power", say({k = "letter", ch = "T"})) end
    if base == nil or base.k == "fence" and base.close == ")" and not matrix(base) then return words.capital_t end
    return words.transpose
  end

  -- The words of a superscript; `true` where their end is open, so that what follows could be heard as a part of it.
  local function power(list, base)
    local nodes = flat(list)
    if #nodes == 0 then return nil end
    local node = #nodes == 1 and nodes[1]
    if node then
      if node.k == "num" and words.powers[node.text] then return words.powers[node.text] end
      if node.k == "letter" and node.ch == "T" then return raised_to_t(base) end
      if node.k == "font" and node.font ~= "cal" then
        local inner = one(node.list)
        if inner and inner.k == "letter" and inner.ch == "T" then return words.transpose end
      end
      if is_sign(node, "∘") and base and base.k == "num" then return words.degrees end
      if node.k == "sym" and words.superscripts[node.ch] then return words.superscripts[node.ch] end
      if node.k == "sym" and node.cls ~= "ord" then return phrase("superscript", say(node)) end
      if node.k == "func" then return phrase("superscript", node.name) end
      local ordinal = node.k ~= "func" and words.ordinals[speech.plain_name(node) or ""] -- the i-th
      if ordinal then return ordinal end
      if node.k == "text" then return phrase("superscript", say(node)) end
    end
    local signs = {}
    for _, inner in ipairs(nodes) do signs[#signs + 1] = inner.k == "sym" and inner.cls ~= "ord" and words.superscripts[inner.ch] or nil end
    if #signs == #nodes then return table.concat(signs, " ") end
    -- W^{(l)} and W^{[l]} are indices, not powers.
    local only = one(speech.nested(list))
    if only and only.k == "fence" and (only.open == "(" or only.open == "[") and one(only.list) and one(only.list).k ~= "text" or
      only and only.k == "fence" and only.open == "(" then
      if simple(only.list) then return phrase(only.open == "[" and "square_superscript" or "superscript", row(only.list)) end
      return phrase("long_superscript", row(only.list))
    end
    if signed(nodes) then
      if is_sign(nodes[1], "−") and nodes[2].text == "1" and base and (matrix(base) or speech.is_function(base)) then return words.inverse end
      return phrase("power", row(nodes)), true
    end
    if simple(list) then return phrase("power", row(list)), true end
    return phrase("long_power", row(list))
  end

  local function primes(count)
    if count == 0 then return nil end
    return words.primes[count] or phrase("many_primes", count)
  end

  local function relation(list)
    for _, node in ipairs(flat(list)) do
      if node.k == "sym" and node.cls == "rel" then return true end
    end
    return false
  end

  -- A part of a range; "of" and "to" inside it would be heard as the range's own.
  local function bound(list)
    local spoken = brief(list)
    return (" " .. spoken .. " "):find(words.of_inside) and phrase("long_range", spoken) or spoken
  end

  -- What stands at the left of a base.
  local function left(name, list)
    return list and #flat(list) > 0 and phrase(simple(list) and name or "long_" .. name, row(list)) or nil
  end

  local function at_left(node) return speech.join({left("left_sub", node.presub) or "", left("left_superscript", node.presup) or ""}) end

  --- "the sum from … to … of".
  function M.ranged(name, node)
    if primes(node.primes or 0) then name = name .. " " .. primes(node.primes) end
    local sub, sup = node.sub and #flat(node.sub) > 0 and node.sub, node.sup and #flat(node.sup) > 0 and node.sup
    local over = name == words.limit and "sum_as" or "sum_over"
    name = speech.join({at_left(node), name})
    if sub and sup then return phrase("sum_from", name, bound(sub), bound(sup)) end
    if sub then return phrase(over, name, bound(sub)) end
    if sup then return phrase("sum_to", name, bound(sup)) end
    return phrase("sum", name)
  end

  -- The name of an operator that has scripts at its sides, and its range below and above.
  local function sided(node)
    local parts = {at_left(node), M.range_name(node), primes(node.primes or 0) or ""}
    if node.sub then parts[#parts + 1] = lower(node.sub) end
    if node.sup then parts[#parts + 1] = power(node.sup) end
    return speech.join(parts)
  end

  --- The name of an operator whose scripts are its range.
  function M.range_name(node)
    if node.k == "sym" and node.cls == "op" then return say(node) end
    if node.k ~= "scripts" or not node.base then return nil end
    local base = one({node.base})
    if not base or not (node.sub or node.sup or node.presub or node.presup or (node.primes or 0) > 0) then return nil end
    if base.k == "sym" and base.cls == "op" then return say(base) end
    if base.k == "scripts" and base.becomes == nil and M.range_name(base) then return sided(base) end
    if base.k == "stack" and base.under then return nil end
    local name = speech.plain_name(base)
    if name and node.sub and not node.sup and words.ranging[name] then return words.ranging[name] end
    if node.sub and not node.sup and (base.k == "func" or base.k == "class") and base.limits then
      return base.k == "func" and say(base) or row(base.list)
    end
    local letter = base.k == "font" and base.font == "bb" and one(base.list)
    if letter and letter.ch == "E" and node.sub and not node.sup then return words.expectation end
    return nil
  end

  -- x to the power 2, over a range, evaluated: the forms that are not base, index, power.
  local function special(node, base)
    if node.becomes then return phrase("crossed_to", speech.whole(base.list), speech.whole(node.sup)) end
    if base.k == "brace" then
      local note = base.kind:match("^under") and node.sub or base.kind:match("^over") and node.sup
      if note then
        local braced = speech.whole(base.list)
        return simple(note) and phrase("braced_as", braced, row(note)) or phrase("long_braced_as", braced, row(note))
      end
    end
    if is_sign(one({base}), "|") or base.k == "fence" and base.open == "" and base.close == "|" then
      local evaluated = base.k == "fence" and (speech.single(base.list) and row(base.list) or phrase("long_evaluated", row(base.list))) or ""
      if node.sub and node.sup then return evaluated .. phrase("evaluated_from", row(node.sub), row(node.sup)) end
      return evaluated .. phrase("evaluated_at", row(node.sub or node.sup or {}))
    end
    if base.k == "font" and base.font == "bb" then
      local letter = one(base.list)
      if letter and letter.ch == "R" and node.sup and not node.sub and not is_sign(one(node.sup), "+") then
        local shape = speech.shape(speech.nested(node.sup), true)
        if shape or simple(node.sup) then return phrase("real_space", shape or row(node.sup)) end
        return phrase("long_real_space", row(node.sup))
      end
    end
    if base.k == "func" and node.sub and not node.sup and (base.name == "log" or base.name == "lg") then
      return phrase(simple(node.sub) and "base_of_log" or "long_base_of_log", say(base), row(node.sub))
    end
    if base.k == "func" and node.sup and not node.sub and node.primes == 0 then
      local nodes = flat(node.sup)
      if #nodes == 2 and is_sign(nodes[1], "−") and nodes[2].text == "1" then return phrase("inverse_function", say(base)) end
    end
    return nil
  end

  --- A base with all that is attached to it; also whether what follows needs a word of its own.
  function M.scripted(node)
    local name = M.range_name(node)
    if name then return M.ranged(name, node) end
    local base = node.base
    local inner = base and one({base})
    local spoken, open = {at_left(node)}, false
    if base and base.k == "group" and inner and inner.k ~= "scripts" then base = inner end
    if base then
      local known = special(node, base)
      if known then return known end
      if base.k == "group" and #flat(base.list) == 0 then base = nil
      elseif base.k == "group" then spoken[2] = phrase("quantity", row(base.list))
      else spoken[2] = say(base, true) end
    end
    spoken[#spoken + 1] = primes(node.primes or 0)
    -- \sum-like ranges on a name: exp_{s=1}^T
    if node.sub and node.sup and relation(node.sub) then
      local to = row(node.sup)
      spoken[#spoken + 1] = phrase(simple(node.sup) and "run" or "long_run", row(node.sub), to)
    else
      if node.sub then spoken[#spoken + 1] = lower(node.sub) end
      if node.sup then spoken[#spoken + 1], open = power(node.sup, base) end
    end
    return speech.join(spoken), open
  end

  return M
end
