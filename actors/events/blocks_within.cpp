#include "blocks_within.hpp"

#include <set>
#include <vector>

#include "keys.hpp"

namespace troupe::events {

namespace {

// The blocks of the spans within, each once. False: there are more spans.
bool find_blocks(const record_reader& records, const std::string& prefix, const newest_first::bounds& within,
                 std::int64_t spans_max, std::vector<event_seq>& blocks) {
  std::set<event_seq> known;
  bool is_whole = true;
  each_span(records, prefix, within, [&](std::int64_t, event_seq block, std::int64_t) {
    is_whole = spans_max-- > 0;
    if (is_whole && known.insert(block).second) blocks.push_back(block);
    return is_whole;
  });
  return is_whole;
}

}  // namespace

bool each_within(const record_reader& records, const std::string& prefix, const newest_first::bounds& within,
                 const newest_first::member& is_member, std::int64_t spans_max,
                 const std::function<bool(schema::Event::Reader)>& visit) {
  std::vector<event_seq> blocks;
  bool is_whole = find_blocks(records, prefix, within, spans_max, blocks);
  for (auto last : blocks) {
    auto of = load_block(records, last);
    for (auto slot = of->size(); slot-- > 0;) {
      auto event = of->event(slot);
      if (within.since_us && event.getTimeUs() < *within.since_us) continue;
      if (within.before && newest_first::place{event.getTimeUs(), of->seq(slot)} >= *within.before) continue;
      if (is_member(event) && !visit(event)) return false;
    }
  }
  return is_whole;
}

}  // namespace troupe::events
