// What the routers of two nodes say to each other, to and from frames. See protocol/schema/route.capnp.
#pragma once

#include <string>
#include <vector>

#include "actors/runtime/shard_directory.hpp"
#include "protocol/frame.hpp"
#include "protocol/result.hpp"

namespace troupe {

enum class request_kind : std::uint8_t { command, read, peek };

struct shard_question {
  shard_id shard;
  request_kind kind = request_kind::command;
  std::chrono::milliseconds wait{0};  // how much longer the asker waits
  bool again = false;                 // asked before, and it is not known with what effect
  std::uint8_t relays = 0;            // how often it may be passed on
  frame request;                      // command or query
};

struct shard_answer {
  shard_id shard;
  shard_place place;  // as the answering node knows it
  frame answer;       // reply or query_result
};

struct feed_question {
  shard_id shard;
  std::uint64_t session = 0;
};

struct feed_answer {
  shard_id shard;
  std::uint64_t session = 0;
  shard_place place;
  bool is_leading = false;
  std::vector<std::string> feeds;  // each an encoded schema::Feed
};

frame encode(const shard_question& q);
frame encode(const shard_answer& a);
frame encode(const feed_question& q);
frame encode(const feed_answer& a);
result<shard_question> decode_shard_question(const frame& f);
result<shard_answer> decode_shard_answer(const frame& f);
result<feed_question> decode_feed_question(const frame& f);
result<feed_answer> decode_feed_answer(const frame& f);

}  // namespace troupe
