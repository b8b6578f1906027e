// See memory_kv.hpp.
#include "tests/support/memory_kv.hpp"

#include <array>

#include "protocol/merged.hpp"

namespace troupe::testing {

namespace {

std::size_t at(storage::column c) { return static_cast<std::size_t>(c); }

}  // namespace

void memory_kv::batch::add(op_kind kind, column c, std::string_view key, std::string_view value) {
  bytes_ += key.size() + value.size();
  ops.push_back({kind, c, std::string(key), std::string(value)});
}
void memory_kv::batch::put(column c, std::string_view key, std::string_view value) {
  add(op_kind::put, c, key, value);
}
void memory_kv::batch::erase(column c, std::string_view key) { add(op_kind::erase, c, key, {}); }
void memory_kv::batch::erase_range(column c, std::string_view from, std::string_view to) {
  add(op_kind::erase_range, c, from, to);
}
void memory_kv::batch::merge(column c, std::string_view key, std::string_view value) {
  add(op_kind::merge, c, key, value);
}

result<storage::done> memory_kv::write(const storage::kv_batch& b, storage::durability d) {
  if (broken_) return *broken_;
  const auto& mine = static_cast<const batch&>(b);
  if (on_write) on_write(mine);
  auto& kept = since_flush_.emplace_back();
  for (const auto& o : mine.ops) apply(o, kept.undo);
  if (d != storage::durability::unlogged && !mine.ops.empty()) {
    kept.logged = mine.ops;
    ++unsynced_;
  }
  return d == storage::durability::synced ? sync() : result<storage::done>(storage::done{});
}

void memory_kv::keep(std::vector<undo_op>& undo, column c, const std::string& key) {
  auto it = tables_[at(c)].find(key);
  undo.push_back({c, key, it == tables_[at(c)].end() ? std::nullopt : std::optional(it->second)});
}

void memory_kv::apply(const op& o, std::vector<undo_op>& undo) {
  auto& t = tables_[at(o.where)];
  if (o.kind == op_kind::erase_range) {
    auto first = t.lower_bound(o.key), last = t.lower_bound(o.value);
    for (auto it = first; it != last; ++it) undo.push_back({o.where, it->first, it->second});
    t.erase(first, last);
    return;
  }
  keep(undo, o.where, o.key);
  switch (o.kind) {
    case op_kind::put: t[o.key] = o.value; break;
    case op_kind::erase: t.erase(o.key); break;
    case op_kind::merge:  // onto what is damaged nothing can be added: it stays so
      if (auto sum =
              merge_values(static_cast<family>(o.where), std::array<std::string_view, 2>{t[o.key], o.value}))
        t[o.key] = *sum;
      break;
    case op_kind::erase_range: break;
  }
}

result<storage::done> memory_kv::sync() {
  if (broken_) return *broken_;
  if (broken_sync_) return *broken_sync_;
  for (auto& w : since_flush_) w.synced = !w.logged.empty();
  unsynced_ = 0;
  while (!since_flush_.empty() && since_flush_.front().synced) since_flush_.pop_front();
  return storage::done{};
}

result<storage::done> memory_kv::flush() {
  if (broken_) return *broken_;
  if (broken_sync_) return *broken_sync_;
  since_flush_.clear();
  unsynced_ = 0;
  return storage::done{};
}

std::optional<std::string> memory_kv::flushed(column c, std::string_view key) const {
  auto value = latest_.get(c, key);
  if (lies_) return value;
  for (auto w = since_flush_.rbegin(); w != since_flush_.rend(); ++w)
    for (auto o = w->undo.rbegin(); o != w->undo.rend(); ++o)
      if (o->where == c && o->key == key) value = o->before;
  return value;
}

result<storage::done> memory_kv::resume() {
  broken_.reset();
  broken_sync_.reset();
  return storage::done{};
}

void memory_kv::crash(std::size_t kept) {
  for (auto w = since_flush_.rbegin(); w != since_flush_.rend(); ++w)
    for (auto o = w->undo.rbegin(); o != w->undo.rend(); ++o) {
      if (o->before)
        tables_[at(o->where)][o->key] = std::move(*o->before);
      else
        tables_[at(o->where)].erase(o->key);
    }
  // What the log kept is done again, as a recovery would: without what was not logged.
  std::vector<undo_op> unused;
  for (auto& w : since_flush_) {
    if (w.logged.empty()) continue;
    if (!w.synced && kept-- == 0) break;
    for (const auto& o : w.logged) apply(o, unused);
  }
  since_flush_.clear();
  unsynced_ = 0;
  broken_.reset();
  broken_sync_.reset();
}

std::unique_ptr<storage::kv_reader> memory_kv::snapshot() const { return std::make_unique<reader>(tables_); }

const memory_kv::table& memory_kv::reader::of(column c) const {
  return live_ != nullptr ? live_->tables_[at(c)] : copy_[at(c)];
}

std::optional<std::string> memory_kv::reader::get(column c, std::string_view key) const {
  auto it = of(c).find(key);
  if (it == of(c).end()) return std::nullopt;
  return it->second;
}

std::vector<std::optional<std::string>> memory_kv::reader::get_all(
    std::span<const std::pair<column, std::string>> keys) const {
  std::vector<std::optional<std::string>> out;
  out.reserve(keys.size());
  for (const auto& [c, key] : keys) out.push_back(get(c, key));
  return out;
}

void memory_kv::reader::scan(column c, std::string_view from, std::string_view to,
                             const visitor& visit) const {
  const auto& t = of(c);
  auto end = to.empty() ? t.end() : t.lower_bound(to);
  for (auto it = t.lower_bound(from); it != end && (to.empty() || from < to); ++it)
    if (!visit(it->first, it->second)) return;
}

void memory_kv::reader::scan_down(column c, std::string_view from, std::string_view to,
                                  const visitor& visit) const {
  const auto& t = of(c);
  auto it = to.empty() ? t.end() : t.lower_bound(to);
  auto begin = t.lower_bound(from);
  if (!to.empty() && to <= from) return;
  while (it != begin) {
    --it;
    if (!visit(it->first, it->second)) return;
  }
}

}  // namespace troupe::testing
