// schema::RaftMessage to and from the core's messages. Pure; decoding throws nothing and checks what the core, built
// without assertions, does not: terms, order, counts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"
#include "storage/raft/raft_core.h"
#include "storage/raft/replica.hpp"

namespace troupe {

// "Is your durable term still mine?" and the answer.
struct confirm_term {
  troupe::term term;
  std::uint64_t round = 0;
  bool answer = false;
};

struct message_address {
  shard_id shard;
  troupe::generation generation;
  node_id from, to;
  bool operator==(const message_address&) const = default;
};

struct wire_message {
  message_address address;
  // Exactly one of the two: a message of the core, or a confirmation.
  std::optional<confirm_term> confirm;
  raft_core_message core = {};  // append_entries.entries is left null: see 'records'
  std::vector<log_record> records;
  std::string manifest;  // of an install_snapshot
};

std::string encode_raft_message(const wire_message& message);
// Null if malformed or breaking a rule that any correct sender keeps.
std::optional<wire_message> decode_raft_message(std::string_view bytes);

}  // namespace troupe
