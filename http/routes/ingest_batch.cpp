#include "http/routes/ingest_batch.hpp"

#include <kj/exception.h>

#include <algorithm>
#include <mutex>

#include "http/ingest/batcher.hpp"
#include "http/routes/json_writer.hpp"
#include "http/server/request_ids.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

// Collects the answers of all entries. Shared by the actors' threads; the last one hands the outcome home.
class gathering {
 public:
  gathering(api_context& api, std::shared_ptr<io_thread> home, std::vector<ingest::event_entry> entries,
            ingest_outcome start, std::function<void(ingest_outcome)> done)
      : api_(api),
        home_(std::move(home)),
        entries_(std::move(entries)),
        open_(entries_.size()),
        outcome_(std::move(start)),
        done_(std::move(done)) {}

  void hold(load_ticket place) { place_ = std::move(place); }
  std::vector<ingest::event_entry>& entries() { return entries_; }

  void answered(std::size_t entry, const result<std::string>& got) {
    bool last = false;
    {
      std::lock_guard lock(mutex_);
      add(entries_[entry], got);
      last = --open_ == 0;
    }
    if (last) finish();
  }
  void finish() {
    outcome_.failed ? place_.give_back() : place_.answered(load_gate::clock::now());
    auto by_index = [](const auto& a, const auto& b) { return a.index < b.index; };
    std::sort(outcome_.rejected.begin(), outcome_.rejected.end(), by_index);
    // Counted there: this thread may be an actor's, and later than the edge.
    home_->post([&api = api_, done = std::move(done_), outcome = std::move(outcome_)] {
      auto& stats = api.core.stats;
      stats_counters::add(stats.events_accepted, outcome.accepted);
      stats_counters::add(stats.events_duplicate, outcome.duplicates);
      stats_counters::add(stats.events_rejected, outcome.rejected.size());
      done(outcome);
    });
  }

 private:
  void add(const ingest::event_entry& entry, const result<std::string>& got) {
    if (!got) return fail(entry, got.error());
    try {
      message_reader reader(*got);
      auto reply = reader.root<schema::Reply>();
      if (reply.isRefused()) return fail(entry, failure_of(reply.getRefused()));
      if (!reply.isEventsAppended()) return fail(entry, {errc::internal, "An odd reply came."});
      auto appended = reply.getEventsAppended();
      outcome_.accepted += appended.getAccepted();
      outcome_.duplicates += appended.getDuplicates();
      ingest::collect_rejected(entry, appended, outcome_.rejected);
    } catch (const kj::Exception&) {
      fail(entry, {errc::internal, "A reply could not be read."});
    }
  }
  void fail(const ingest::event_entry& entry, const failure& f) {
    outcome_.not_taken += entry.indexes.size();
    // A full disk outranks the rest: it needs a person.
    if (!outcome_.failed || f.code == errc::no_space) outcome_.failed = f;
  }

  api_context& api_;
  const std::shared_ptr<io_thread> home_;
  std::vector<ingest::event_entry> entries_;
  std::mutex mutex_;
  std::size_t open_;
  ingest_outcome outcome_;
  std::function<void(ingest_outcome)> done_;
  load_ticket place_;
};

// Nothing when the gate is full.
std::optional<load_ticket> place_of(const ingest_origin& from, io_thread& home) {
  if (!from.gate) return load_ticket();
  load_ticket place(*from.gate, 1, load_gate::clock::now(), home.lag());
  if (!place) return {};
  return place;
}

}  // namespace

ingest::context ingest_context(const api_context& api, const ingest_origin& from, std::string& seed) {
  ingest::context ctx;
  ctx.now_us = now_us();
  ctx.entropy_high = random_u64();
  ctx.entropy_low = random_u64();
  ctx.prices = api.prices;
  if (!from.idempotency_key.empty()) {
    seed = concat({from.org, "\n", from.idempotency_key});
    ctx.id_seed = seed;
  }
  return ctx;
}

void ingest_batch(api_context& api, io_thread& home, const ingest_origin& from, ingest::parsed_batch batch,
                  std::function<void(ingest_outcome)> done) {
  ingest::batch_identity who{from.org, from.principal, from.idempotency_key, from.fingerprint};
  auto entries = ingest::cut_batch(batch, who, api.actors.shard_count());
  ingest_outcome start;
  start.rejected = std::move(batch.rejected);
  auto place = place_of(from, home);
  if (!place) {
    for (const auto& e : entries) start.not_taken += e.indexes.size();
    start.failed = failure{errc::overloaded, "More is asked of this node than it can do. Nothing was done."};
    entries.clear();
  }
  auto all = std::make_shared<gathering>(api, home.shared_from_this(), std::move(entries), std::move(start),
                                         std::move(done));
  if (place) all->hold(std::move(*place));
  if (all->entries().empty()) return all->finish();
  for (std::size_t i = 0; i < all->entries().size(); ++i) {
    auto& entry = all->entries()[i];
    api.actors.command(entry.shard, std::move(entry.command),
                       [all, i](result<std::string> got) { all->answered(i, got); });
  }
}

std::string outcome_json(const ingest_outcome& o) {
  std::string out;
  object_writer w(out);
  w.number("accepted", static_cast<std::int64_t>(o.accepted));
  w.number("duplicates", static_cast<std::int64_t>(o.duplicates));
  w.name("rejected") += '[';
  for (std::size_t i = 0; i < o.rejected.size(); ++i) {
    if (i > 0) out += ',';
    object_writer item(out);
    item.number("index", o.rejected[i].index).text("error", o.rejected[i].error);
    if (!o.rejected[i].field.empty()) item.text("field", o.rejected[i].field);
    item.end();
  }
  out += ']';
  w.end();
  return out;
}

}  // namespace troupe::http
