// Cutting a batch into commands of one shard each, sized before they are built so that each is one segment.
#include "http/ingest/batcher.hpp"

#include <capnp/message.h>

#include <algorithm>
#include <span>

#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/placement.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe::ingest {

namespace {

constexpr std::size_t word = sizeof(capnp::word);
// The envelope, the leader's stamp and the segment table of a log entry, generously.
constexpr std::size_t entry_overhead_bytes = 1024;
static_assert(limits::event_bytes_max + 2 * entry_overhead_bytes < limits::entry_bytes_max);

template <class T>
constexpr std::size_t struct_words = T::_capnpPrivate::dataWordSize + T::_capnpPrivate::pointerCount;

std::size_t text_words(std::string_view text) { return text.empty() ? 0 : text.size() / word + 1; }

std::size_t event_words(const event_draft& e, const std::vector<tier_latency>& tiers) {
  auto words = struct_words<schema::Event> + struct_words<schema::Uuid>;
  for (auto text : {e.custom_name, e.agent_id, e.session_id, e.user_id, e.team, e.trace_id, e.span_id,
                    e.parent_span_id, e.error, e.model, e.provider, e.price_version, e.tool, e.tier, e.query,
                    e.knowledge_id, e.peer_agent_id, e.attributes})
    words += text_words(text);
  if (e.has_tokens) words += struct_words<schema::Tokens>;
  if (e.tiers_count > 0) {
    words += 1 + e.tiers_count * struct_words<schema::TierLatency>;
    for (std::uint32_t i = 0; i < e.tiers_count; ++i) words += text_words(tiers[e.tiers_begin + i].tier);
  }
  return words;
}

void write_event(const event_draft& e, const std::vector<tier_latency>& tiers, schema::Event::Builder out) {
  auto id = out.initId();
  id.setHigh(e.id.high);
  id.setLow(e.id.low);
  out.setType(e.type);
  set_text([&](unsigned n) { return out.initCustomName(n); }, e.custom_name);
  out.setTimeUs(e.time_us);
  set_text([&](unsigned n) { return out.initAgentId(n); }, e.agent_id);
  set_text([&](unsigned n) { return out.initSessionId(n); }, e.session_id);
  set_text([&](unsigned n) { return out.initUserId(n); }, e.user_id);
  set_text([&](unsigned n) { return out.initTeam(n); }, e.team);
  set_text([&](unsigned n) { return out.initTraceId(n); }, e.trace_id);
  set_text([&](unsigned n) { return out.initSpanId(n); }, e.span_id);
  set_text([&](unsigned n) { return out.initParentSpanId(n); }, e.parent_span_id);
  out.setStatus(e.status);
  set_text([&](unsigned n) { return out.initError(n); }, e.error);
  out.setDurationUs(e.duration_us);
  set_text([&](unsigned n) { return out.initModel(n); }, e.model);
  set_text([&](unsigned n) { return out.initProvider(n); }, e.provider);
  if (e.has_tokens) e.tokens.write(out.initTokens());
  out.setCostNanoUsd(e.cost_nano_usd);
  out.setCostSource(e.cost_source);
  set_text([&](unsigned n) { return out.initPriceVersion(n); }, e.price_version);
  set_text([&](unsigned n) { return out.initTool(n); }, e.tool);
  set_text([&](unsigned n) { return out.initTier(n); }, e.tier);
  if (e.tiers_count > 0) {
    auto list = out.initLatencyByTier(e.tiers_count);
    for (std::uint32_t i = 0; i < e.tiers_count; ++i) {
      auto& tier = tiers[e.tiers_begin + i];
      set_text([&](unsigned n) { return list[i].initTier(n); }, tier.tier);
      list[i].setLatencyUs(tier.latency_us);
    }
  }
  set_text([&](unsigned n) { return out.initQuery(n); }, e.query);
  out.setItemsRetrieved(e.items_retrieved);
  set_text([&](unsigned n) { return out.initKnowledgeId(n); }, e.knowledge_id);
  set_text([&](unsigned n) { return out.initPeerAgentId(n); }, e.peer_agent_id);
  set_text([&](unsigned n) { return out.initAttributes(n); }, e.attributes);
}

struct placed_event {
  std::uint16_t shard;
  std::uint32_t place;  // in batch.events
  std::uint32_t words;
};

class cutter {
 public:
  cutter(parsed_batch& batch, const batch_identity& who, std::uint16_t shards)
      : batch_(batch), who_(who), shards_(shards) {}

  std::vector<event_entry> cut() {
    auto placed = place();
    std::vector<event_entry> entries;
    const auto room = (limits::entry_bytes_max - entry_overhead_bytes) / word - command_words();
    for (std::size_t begin = 0; begin < placed.size();) {
      std::size_t end = begin, words = 0;
      while (end < placed.size() && placed[end].shard == placed[begin].shard &&
             words + placed[end].words <= room)
        words += placed[end++].words;
      entries.push_back(build({placed.data() + begin, end - begin}, words, entries.size()));
      begin = end;
    }
    return entries;
  }

 private:
  // Sorted by shard, the order of the request kept. Events that are too large become rejected items.
  std::vector<placed_event> place() {
    std::vector<placed_event> placed;
    placed.reserve(batch_.events.size());
    std::size_t kept = 0;
    for (auto& event : batch_.events) {
      auto words = event_words(event, batch_.tiers);
      if (words * word > limits::event_bytes_max) {
        batch_.rejected.push_back(
            {event.index, "the event is larger than " + std::to_string(limits::event_bytes_max) + " bytes",
             ""});
        continue;
      }
      auto shard = shard_of(who_.org, "agent", event.agent_id, shards_);
      placed.push_back({shard.value, static_cast<std::uint32_t>(kept), static_cast<std::uint32_t>(words)});
      batch_.events[kept++] = event;
    }
    batch_.events.resize(kept);
    std::ranges::stable_sort(placed, {}, &placed_event::shard);
    return placed;
  }

  std::size_t command_words() const {
    return 16 + struct_words<schema::Command> + struct_words<schema::EventBatch> + text_words(who_.org) +
           text_words(who_.principal) + text_words(who_.idempotency_key) + 4;
  }

  event_entry build(std::span<const placed_event> events, std::size_t words, std::size_t number) {
    event_entry entry;
    entry.shard = shard_id(events[0].shard);
    entry.indexes.reserve(events.size());
    capnp::MallocMessageBuilder message(static_cast<unsigned>(words + command_words()));
    auto command = message.initRoot<schema::Command>();
    set_text([&](unsigned n) { return command.initOrg(n); }, who_.org);
    set_text([&](unsigned n) { return command.initPrincipal(n); }, who_.principal);
    if (!who_.idempotency_key.empty()) {
      auto key = std::string(who_.idempotency_key) + '#' + std::to_string(number);
      set_text([&](unsigned n) { return command.initIdempotencyKey(n); }, key);
      command.setFingerprint(who_.fingerprint);
    }
    auto list = command.getBody().initAppendEvents().initEvents(static_cast<unsigned>(events.size()));
    for (unsigned i = 0; i < events.size(); ++i) {
      auto& event = batch_.events[events[i].place];
      write_event(event, batch_.tiers, list[i]);
      entry.indexes.push_back(event.index);
    }
    entry.command = to_bytes(message);
    return entry;
  }

  parsed_batch& batch_;
  const batch_identity& who_;
  std::uint16_t shards_;
};

}  // namespace

std::size_t encoded_bytes(const event_draft& event, const std::vector<tier_latency>& tiers) {
  return event_words(event, tiers) * word;
}

std::vector<event_entry> cut_batch(parsed_batch& batch, const batch_identity& who, std::uint16_t shards) {
  return cutter(batch, who, shards).cut();
}

void collect_rejected(const event_entry& entry, schema::EventsAppended::Reader reply,
                      std::vector<rejected_item>& rejected) {
  for (auto item : reply.getRejected())
    if (item.getIndex() < entry.indexes.size())
      rejected.push_back({entry.indexes[item.getIndex()], std::string(view_of(item.getError())), ""});
}

}  // namespace troupe::ingest
