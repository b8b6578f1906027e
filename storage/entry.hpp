// What a command's log entry holds: an envelope around the leader's stamp and the command's bytes as they came.
#pragma once

#include <string>
#include <string_view>

#include "protocol/machine.hpp"
#include "protocol/result.hpp"

namespace troupe::storage {

struct entry_view {
  stamp at;                  // index is not part of it: the caller knows
  std::string_view command;  // an encoded schema::Command, aligned as the entry is
};

std::string encode_entry(const stamp& at, std::string_view command);
// Fails with errc::corrupt if the checksum or the framing is wrong. May throw kj::Exception.
result<entry_view> decode_entry(std::string_view bytes);

}  // namespace troupe::storage
