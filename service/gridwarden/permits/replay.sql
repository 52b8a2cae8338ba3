-- An answer given again, from what its own moment saw.

-- name: look
select api.look(%(purpose)s)

-- name: words
select api.permit_replay_words(%(number)s)

-- name: replay
select api.permit_replay(%(number)s, %(words)s::jsonb)::text
