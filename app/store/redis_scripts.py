"""The Lua scripts: what has to happen in Redis at once or not at all.

They travel with each call (EVAL): a few hundred bytes buy that no restart, flush or failover can make the
server forget them. Each returns 1 when it wrote. KEYS[1] is the key that it is about.
"""

# ARGV: schema, generation, mark, snapshot id, sha256, payload. Equal marks: this is the retry of a save that did
# arrive, and must not be told that somebody else was first.
SAVE = """
local schema, generation, saved_by = unpack(redis.call('HMGET', KEYS[1], 'schema', 'generation', 'saved_by'))
local current = schema == ARGV[1] and tonumber(generation)
if current and current >= tonumber(ARGV[2]) then
  return saved_by == ARGV[3] and 1 or 0
end
redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'generation', ARGV[2], 'saved_by', ARGV[3],
  'snapshot_id', ARGV[4], 'sha256', ARGV[5], 'payload', ARGV[6])
return 1
"""

# ARGV: the mark of the damaged snapshot; KEYS[2]: where it is kept.
SET_ASIDE = """
if (redis.call('HGET', KEYS[1], 'saved_by') or '') == ARGV[1] then
  redis.call('RENAME', KEYS[1], KEYS[2])
  return 1
end
return 0
"""

# ARGV: owner, milliseconds to live.
ACQUIRE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# ARGV: state.
REPLACE = """
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""

# ARGV: owner.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""

# ARGV: outcome, how many to keep.
APPEND = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return 1
"""

# ARGV: the document that must be there, the one to put in its place; empty stands for none. What is there already was
# put there by the try before this one; that nothing is there may be somebody else's doing.
SWAP = """
local current = redis.call('GET', KEYS[1]) or ''
if current == ARGV[2] and (current ~= '' or ARGV[1] == '') then
  return 1
end
if current ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return 1
"""
