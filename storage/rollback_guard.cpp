#include "storage/rollback_guard.hpp"

#include <spdlog/spdlog.h>

#include "protocol/message.hpp"
#include "protocol/schema/rollback.capnp.h"

namespace troupe::storage {

namespace {

// No shard has this number: these rows are the node's.
constexpr shard_id of_node{0xffff};
constexpr std::string_view advice =
    "Replace it, if there is no better copy: troupectl node replace NAME --with ANOTHER. Then empty its data "
    "directory "
    "and invite it anew";

std::string row(std::string_view kind, std::uint64_t number) {
  auto key = shard_key(of_node, kind);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}
std::string own_key(std::uint64_t index) { return row("mark", index); }
std::string seen_key(node_id node) { return row("seen", node.value); }
std::string verdict_key() { return shard_key(of_node, "verdict"); }

std::uint64_t number_in(std::string_view key) {
  std::uint64_t v = 0;
  for (char c : key.substr(key.size() - 8)) v = (v << 8) | static_cast<unsigned char>(c);
  return v;
}

std::string encoded(const rollback_mark& mark) {
  capnp::MallocMessageBuilder message(8);
  auto out = message.initRoot<schema::RollbackMark>();
  out.setIndex(mark.index);
  out.setToken(mark.token);
  return to_bytes(message);
}

rollback_mark decoded(std::string_view bytes) {
  message_reader reader(bytes);
  auto in = reader.root<schema::RollbackMark>();
  return {in.getIndex(), in.getToken()};
}

std::string hex_name(node_id node) {
  char text[24];
  std::snprintf(text, sizeof text, "node-%016llx", static_cast<unsigned long long>(node.value));
  return text;
}

// Another token stands at that index. What cannot be read any more says nothing.
bool drew_another(const kv_reader& store, const rollback_mark& mark) {
  try {
    auto mine = store.get(column::meta, own_key(mark.index));
    return mine && decoded(*mine) != mark;
  } catch (const storage_fault& e) {
    spdlog::error("the marks of this node's data directory cannot be read: {}", e.what());
    return false;
  }
}

std::string words(const rollback_mark& at, const rollback_mark& seen) {
  auto where = at.index < seen.index ? "it is at mark " + std::to_string(at.index) + " and was seen at " +
                                           std::to_string(seen.index)
                                     : "it went on otherwise from before mark " + std::to_string(seen.index);
  return "data directory was put back to an earlier state, or is a copy: " + where +
         ". What it acknowledged and voted since is forgotten, so it takes part in nothing. " +
         std::string(advice);
}

}  // namespace

rollback_guard::rollback_guard(kv& store, node_id self, std::function<std::uint64_t()> draw)
    : store_(store), self_(self), draw_(std::move(draw)) {
  const auto& now = store_.latest();
  now.scan_down(column::meta, own_key(0), own_key(~std::uint64_t{0}),
                [&](std::string_view, std::string_view value) {
                  own_ = decoded(value);
                  return false;
                });
  now.scan(column::meta, seen_key(node_id(0)), seen_key(node_id(~std::uint64_t{0})),
           [&](std::string_view key, std::string_view value) {
             seen_.emplace(node_id(number_in(key)), decoded(value));
             return true;
           });
  verdict_ = now.get(column::meta, verdict_key()).value_or("");
}

rollback_mark rollback_guard::own() const {
  std::lock_guard lock(mutex_);
  return own_;
}

result<done> rollback_guard::advance() {
  std::lock_guard one_at_a_time(advancing_);
  rollback_mark next{own().index + 1, draw_()};
  auto batch = store_.make_batch();
  batch->put(column::meta, own_key(next.index), encoded(next));
  if (next.index > marks_kept) batch->erase(column::meta, own_key(next.index - marks_kept));
  auto written = store_.write(*batch, durability::synced);
  if (!written) return written.error();
  std::lock_guard lock(mutex_);
  own_ = next;
  return done{};
}

void rollback_guard::heard_of_self(const rollback_mark& theirs, node_id by) {
  {
    std::lock_guard lock(mutex_);
    if (theirs.index == 0 || theirs == own_ || !verdict_.empty()) return;
    if (theirs.index <= own_.index && !drew_another(store_.latest(), theirs)) return;
    verdict_ = words(own_, theirs) + " (" + hex_name(by) + " says so)";
  }
  spdlog::critical("this node's {}", verdict());
  auto batch = store_.make_batch();
  batch->put(column::meta, verdict_key(), verdict());
  if (auto written = store_.write(*batch, durability::synced); !written)
    spdlog::error("that could not be written down: {}", written.error().detail);
  if (tell_) tell_(verdict());
}

std::string rollback_guard::verdict() const {
  std::lock_guard lock(mutex_);
  return verdict_;
}

rollback_mark rollback_guard::seen(node_id node) const {
  std::lock_guard lock(mutex_);
  auto it = seen_.find(node);
  return it == seen_.end() ? rollback_mark{} : it->second;
}

std::vector<seen_mark> rollback_guard::all() const {
  std::lock_guard lock(mutex_);
  auto marks = seen_;
  if (own_.index != 0) marks[self_] = own_;
  std::vector<seen_mark> out;
  for (const auto& [node, mark] : marks) out.push_back({node, mark});
  return out;
}

// With the lock held. True if it is news.
bool rollback_guard::raise_seen(node_id node, const rollback_mark& mark) {
  if (node == self_ || mark.index == 0) return false;
  auto& known = seen_[node];
  if (mark.index <= known.index) return false;
  known = mark;
  return true;
}

void rollback_guard::met(node_id node, const rollback_mark& mark) {
  heard(node, mark);
  std::lock_guard lock(mutex_);
  refused_.erase(node);
}

void rollback_guard::heard(node_id node, const rollback_mark& mark) {
  {
    std::lock_guard lock(mutex_);
    if (!raise_seen(node, mark)) return;
  }
  write_seen(node);
}

// Not synced: it goes before whatever of that node is written and acknowledged next.
void rollback_guard::write_seen(node_id node) {
  std::lock_guard one_after_the_other(writing_);
  auto batch = store_.make_batch();
  if (auto mark = seen(node); mark.index != 0)
    batch->put(column::meta, seen_key(node), encoded(mark));
  else
    batch->erase(column::meta, seen_key(node));
  if (auto written = store_.write(*batch, durability::logged); !written)
    spdlog::warn("what is known of {} could not be written down: {}", hex_name(node), written.error().detail);
}

std::string rollback_guard::objection(node_id node, const rollback_mark& mark) {
  std::lock_guard lock(mutex_);
  auto it = seen_.find(node);
  // A version that knows no marks says none.
  if (it == seen_.end() || mark.index == 0 || mark.index > it->second.index || mark == it->second) return {};
  return refused_[node] = words(mark, it->second);
}

std::vector<std::pair<node_id, std::string>> rollback_guard::refused() const {
  std::lock_guard lock(mutex_);
  return {refused_.begin(), refused_.end()};
}

void rollback_guard::forget(node_id node) {
  {
    std::lock_guard lock(mutex_);
    refused_.erase(node);
    if (seen_.erase(node) == 0) return;
  }
  write_seen(node);
}

}  // namespace troupe::storage
