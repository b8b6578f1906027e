// See stored.hpp.
#include "tests/sim/stored.hpp"

#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"
#include "storage/log.hpp"
#include "tests/sim/node.hpp"

namespace troupe::sim {

std::string applied_key() { return storage::shard_key(the_shard, "applied"); }

snapshot_point applied_in(std::string_view bytes) {
  message_reader reader(bytes);
  auto state = reader.root<schema::AppliedState>();
  return {log_index{state.getIndex()}, term{state.getTerm()}};
}

log_index index_of(std::string_view log_key) {
  std::uint64_t v = 0;
  for (char c : log_key.substr(2)) v = (v << 8) | static_cast<unsigned char>(c);
  return log_index{v};
}

}  // namespace troupe::sim
