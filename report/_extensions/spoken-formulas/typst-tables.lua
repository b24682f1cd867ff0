-- Sets environments as Typst: aligned lines, matrices, cases, and arrays with their rules.

return function(writer)
  local row, argument, call, escaped = writer.row, writer.argument, writer.call, writer.escaped
  local M = {}
  local between_rows = " ; " -- without the blank, a semicolon ends the code of a box and no row

  local function displayed(body) return body ~= "" and "display(" .. body .. ")" or "" end
  local function same(body) return body end

  -- The first node of a cell that prints.
  local function leading(cell)
    for _, node in ipairs(cell) do
      if node.k ~= "space" then return node end
    end
  end

  -- -- lines --------------------------------------------------------------------------------------------------------

  -- The cells of one line of an alignment: right and left by turns, with a gap before each further pair.
  local function aligned_line(env, cells, style)
    local out = {}
    for index, cell in ipairs(cells) do
      local body, first = row(cell), leading(cell)
      -- A line that goes on with "+ …" keeps the space of a sum.
      if index > 1 and first and first.k == "sym" and first.cls == "bin" then body = '""' .. body end
      body = style(body)
      if index > 1 and index % 2 == 1 and env.gap ~= false then body = "wide " .. body end
      out[#out + 1] = body
    end
    return table.concat(out, " & ")
  end

  -- eqnarray has its relation in a column of its own.
  local function eqnarray_line(_, cells, style)
    local rest = {}
    for index = 2, #cells do rest[#rest + 1] = style(row(cells[index])) end
    if #rest == 0 then return style(row(cells[1])) end
    return style(row(cells[1])) .. " & " .. table.concat(rest, " ")
  end

  local function lines(env, style)
    local out = {}
    local line = env.kind == "eqnarray" and eqnarray_line or aligned_line
    for _, cells in ipairs(env.rows) do
      for _, text in ipairs(cells.intertext or {}) do out[#out + 1] = "& " .. writer.text(text) end
      if not (#cells == 1 and #cells[1] == 0 and cells.intertext) then out[#out + 1] = line(env, cells, style) end
    end
    return out
  end

  -- -- matrices -----------------------------------------------------------------------------------------------------

  local delims = {p = "(", b = "[", B = "{", v = "|", V = "‖"}

  local function width_of(rows)
    local width = 0
    for _, cells in ipairs(rows) do
      local count = 0
      for _, cell in ipairs(cells) do count = count + (cell.span or 1) end
      width = math.max(width, count)
    end
    return width
  end

  local function matrix(env)
    local delim = delims[env.name:match("^(.)s?m?a?l?l?matrix$")]
    local small = env.name:match("smallmatrix") ~= nil
    local options = {"delim: " .. (delim and '"' .. delim .. '"' or "#none")}
    if env.side == "l" or env.side == "r" then options[#options + 1] = "align: #" .. (env.side == "l" and "left" or "right") end
    if small then options[#options + 1] = "column-gap: #0.4em, row-gap: #0.15em" end
    local width, out = width_of(env.rows), {}
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index = 1, width do line[index] = argument(cells[index] or {}) end
      out[#out + 1] = table.concat(line, ", ")
    end
    return (small and "inline" or "display") .. "(" .. call("mat", table.concat(options, ", "), table.concat(out, between_rows)) .. ")"
  end

  -- -- arrays -------------------------------------------------------------------------------------------------------

  -- The columns' sides, and after how many columns a rule stands.
  local function sides(env)
    local columns, rules = {}, {}
    for char in (env.columns or ("c"):rep(width_of(env.rows))):gmatch(".") do
      if char == "|" then rules[#rules + 1] = #columns else columns[#columns + 1] = char end
    end
    return columns, rules
  end

  local function inner(places, last)
    for _, at in ipairs(places) do
      if at < 1 or at >= last then return false end
    end
    return true
  end

  -- A grid can have rules around it, and cells over several columns; a matrix cannot.
  local function grid(env, columns, rules)
    local width = math.max(#columns, width_of(env.rows))
    local align, out = {}, {}
    local names = {l = "left", c = "center", r = "right"}
    for index = 1, width do align[index] = names[columns[index] or "c"] end
    for _, at in ipairs(rules) do out[#out + 1] = ("grid.vline(x: %d, stroke: 0.5pt)"):format(at) end
    for _, at in ipairs(env.lines) do out[#out + 1] = ("grid.hline(y: %d, stroke: 0.5pt)"):format(at) end
    for _, cells in ipairs(env.rows) do
      local count = 0
      for _, cell in ipairs(cells) do
        local span = math.min(cell.span or 1, math.max(width - count, 1))
        local body = "[$" .. row(cell) .. "$]"
        out[#out + 1] = span > 1 and ("grid.cell(colspan: %d, align: center)%s"):format(span, body) or body
        count = count + span
      end
      for _ = count + 1, width do out[#out + 1] = "[]" end
    end
    return ("#box(baseline: 50%% - 0.27em, grid(columns: %d, inset: (x: 0.4em, y: 0.35em), align: (%s,), %s))"):format(
      width, table.concat(align, ", "), table.concat(out, ", "))
  end

  local function array(env)
    local columns, rules = sides(env)
    local spans = false
    for _, cells in ipairs(env.rows) do
      for _, cell in ipairs(cells) do spans = spans or (cell.span or 1) > 1 end
    end
    local width = math.max(#columns, width_of(env.rows))
    if spans or not inner(rules, width) or not inner(env.lines, #env.rows) then return grid(env, columns, rules) end
    local options, augment = {"delim: #none"}, {}
    if #rules > 0 then augment[#augment + 1] = "vline: (" .. table.concat(rules, ",") .. ",)" end
    if #env.lines > 0 then augment[#augment + 1] = "hline: (" .. table.concat(env.lines, ",") .. ",)" end
    if #augment > 0 then options[#options + 1] = "augment: #(" .. table.concat(augment, ", ") .. ", stroke: 0.5pt)" end
    local style = env.name == "darray" and displayed or same
    -- Alignment points place a cell's content in its column.
    local rows = {}
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index = 1, width do
        local body, side = style(argument(cells[index] or {})), columns[index]
        if side == "l" then body = "& " .. body elseif side == "r" then body = body .. " &" end
        line[index] = body
      end
      rows[#rows + 1] = table.concat(line, ", ")
    end
    return "display(" .. call("mat", table.concat(options, ", "), table.concat(rows, between_rows)) .. ")"
  end

  -- A matrix with rules is an array in its brackets.
  local function ruled_matrix(env)
    local delim = delims[env.name:match("^(.)s?m?a?l?l?matrix$")]
    local body = array({name = "array", rows = env.rows, lines = env.lines})
    local close = {["("] = ")", ["["] = "]", ["{"] = "}"}
    return delim and "lr(" .. escaped(delim) .. " " .. body .. " " .. escaped(close[delim] or delim) .. ")" or body
  end

  -- -- cases and the rest -------------------------------------------------------------------------------------------

  local function cases(env)
    local out = {}
    local style = (env.name == "dcases" or env.name == "drcases") and displayed or same
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index, cell in ipairs(cells) do
        local body = style(argument(cell))
        line[index] = index == 1 and body or "quad" .. (body:match("^[%w\128-\255]") and " " or "") .. body
      end
      -- Every column is flush left.
      out[#out + 1] = "& " .. table.concat(line, " && ")
    end
    local reverse = env.name:match("^d?rcases$") and "reverse: #true, " or ""
    local left = env.left and row(env.left) .. " " or ""
    return left .. "display(cases(" .. reverse .. table.concat(out, ", ") .. "))"
  end

  local function stacked(env, options, size, style)
    return size .. "(" .. call("mat", "delim: #none", options, table.concat(lines(env, style), between_rows)) .. ")"
  end

  -- Arrows across stand between objects, arrows down below them with their names at the sides.
  local function arrow(node)
    if node.ch == "" or node.k == "space" then return '""' end
    local function label(list) return list and #list > 0 and "script(" .. argument(list) .. ")" or '""' end
    if node.diagram == "down" then return label(node.over) .. " lr(size: #2.2em, " .. node.ch .. ") " .. label(node.under) end
    local parts = {node.ch == "=" and "limits(stretch(=, size: #2.6em))" or "limits(stretch(" .. node.ch .. ", size: #2.6em))"}
    if #node.over > 0 then parts[#parts + 1] = "t: " .. argument(node.over) end
    if node.under then parts[#parts + 1] = "b: " .. argument(node.under) end
    return call("attach", table.unpack(parts))
  end

  local function diagram(env)
    local width, out = width_of(env.rows), {}
    for _, cells in ipairs(env.rows) do
      local line = {}
      for index = 1, width do
        local cell = cells[index] or {}
        line[index] = cell[1] and cell[1].diagram and arrow(cell[1]) or argument(cell)
      end
      out[#out + 1] = table.concat(line, ", ")
    end
    return "display(mat(delim: #none, row-gap: #0.5em, " .. table.concat(out, between_rows) .. "))"
  end

  --- An environment inside something larger.
  function M.set(env)
    if env.kind == "cases" then return cases(env) end
    if env.kind == "array" then return array(env) end
    if env.kind == "matrix" then return #env.lines > 0 and ruled_matrix(env) or matrix(env) end
    if env.kind == "diagram" then return diagram(env) end
    if env.kind == "substack" then return stacked(env, "row-gap: #0.3em", "inline", same) end
    return stacked(env, "row-gap: #0.6em", "display", displayed)
  end

  --- A formula that is one alignment, but for a closing full stop or comma; nil where it is more.
  function M.whole(tree)
    local env = tree[1]
    if not env or env.k ~= "env" or not (env.kind == "aligned" or env.kind == "gathered" or env.kind == "eqnarray") then return nil end
    local tail = {}
    for index = 2, #tree do
      local node = tree[index]
      if node.k ~= "space" and not (node.k == "sym" and (node.cls == "punct" or node.ch == ".")) then return nil end
      tail[#tail + 1] = node
    end
    local out = lines(env, same)
    if #tail > 0 then out[#out] = out[#out] .. " " .. row(tail) end
    return table.concat(out, " \\\n")
  end

  return M
end
