#include "http/insight/cells.hpp"

#include <kj/exception.h>

#include <algorithm>
#include <utility>

#include "http/insight/cell_sums.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

namespace {

// Of each shard, so that what is cut there is cut here as well, unless there are very many names.
constexpr std::uint32_t shard_groups_min = 1'000;
constexpr std::uint32_t shard_groups_max = 5'000;
constexpr std::size_t asked_at_once_max = 10;

failure unreadable() { return {errc::internal, "An answer from within could not be read."}; }

void fill(schema::ReadCells::Builder ask, const cell_question& q) {
  ask.setCube(q.cube);
  ask.setSinceUs(q.window.from_us);
  ask.setUntilUs(q.window.until_us);
  auto by = ask.initGroupBy(static_cast<unsigned>(q.by.size()));
  for (unsigned i = 0; i < by.size(); ++i) by.set(i, q.by[i]);
  auto where = ask.initWhere(static_cast<unsigned>(q.where.size()));
  for (unsigned i = 0; i < where.size(); ++i) {
    where[i].setField(q.where[i].first);
    where[i].setValue(q.where[i].second.c_str());
  }
  ask.setStep(q.step);
  ask.setOffsetMinutes(q.offset_minutes);
  ask.setOrder(q.order);
  ask.setLimit(std::clamp(static_cast<std::uint32_t>(q.limit), shard_groups_min, shard_groups_max));
  ask.setSketches(q.sketches == percentiles::wanted);
  ask.setSample(q.sample);
  ask.setFigures(q.figures);
  ask.setPacked(true);
}

std::string encode(const std::string& org, const cell_question& q) {
  query_builder query(org);
  if (q.events.none()) {
    fill(query->initReadCells(), q);
    return query.bytes();
  }
  auto filtered = query->initReadFilteredCells();
  fill(filtered.initCells(), q);
  fill(filtered.initFilter(), q.events.names);
  filtered.setServedBy(q.events.served_by);
  return query.bytes();
}

// Asks some questions side by side; answers are taken on the home thread.
class asking : public std::enable_shared_from_this<asking> {
 public:
  asking(client& actors, io_thread& home, cell_asker who, std::vector<cell_question> questions,
         std::function<void(result<cell_tables>)> done)
      : actors_(actors),
        home_(home.shared_from_this()),
        who_(std::move(who)),
        questions_(std::move(questions)),
        done_(std::move(done)),
        tables_(questions_.size()) {}

  void start() {
    if (questions_.empty()) return finish(std::move(tables_));
    while (asked_ < std::min(questions_.size(), asked_at_once_max)) ask_next();
  }

 private:
  void ask_next() {
    auto i = asked_++;
    actors_.query_each(shards_of(questions_[i]), encode(who_.org, questions_[i]), who_.level,
                       [self = shared_from_this(), i](result<std::vector<std::string>> got) {
                         auto* home = self->home_.get();
                         home->post([self, i, got = std::move(got)] { self->take(i, got); });
                       });
  }
  void take(std::size_t i, const result<std::vector<std::string>>& got) {
    if (!done_) return;  // another one failed
    if (!got) return finish(got.error());
    try {
      std::vector<std::unique_ptr<message_reader>> readers;
      results found;
      for (const auto& bytes : *got) {
        readers.push_back(std::make_unique<message_reader>(bytes));
        found.push_back(readers.back()->root<schema::QueryResult>());
        if (found.back().isRefused()) return finish(failure_of(found.back().getRefused()));
      }
      auto table = add_up(found, questions_[i]);
      if (!table) return finish(unreadable());
      tables_[i] = std::move(*table);
    } catch (const kj::Exception&) {
      return finish(unreadable());
    }
    if (++answered_ == questions_.size()) return finish(std::move(tables_));
    if (asked_ < questions_.size()) ask_next();
  }
  void finish(result<cell_tables> outcome) { std::exchange(done_, nullptr)(std::move(outcome)); }
  // What an agent did lies in its shard alone.
  std::vector<shard_id> shards_of(const cell_question& q) const {
    for (auto& [field, value] : q.where)
      if (field == schema::CellField::AGENT ||
          (field == schema::CellField::FROM && q.cube == schema::Cube::EDGE))
        return {actors_.shard_of_agent(who_.org, value)};
    return actors_.entity_shards();
  }

  client& actors_;
  const std::shared_ptr<io_thread> home_;
  const cell_asker who_;
  const std::vector<cell_question> questions_;
  std::function<void(result<cell_tables>)> done_;  // null: called
  cell_tables tables_;
  std::size_t asked_ = 0, answered_ = 0;
};

}  // namespace

void fill(schema::EventFilter::Builder filter, const insight_names& names) {
  filter.setAgentId(names.agent);
  filter.setTeam(names.team);
  filter.setType(names.type);
  filter.setStatus(names.status);
  filter.setModel(names.model);
  filter.setProvider(names.provider);
  filter.setTool(names.tool);
  filter.setTier(names.tier);
  filter.setSessionId(names.session);
  filter.setUserId(names.user);
}

rollup cell_table::total() const {
  rollup sum = other;
  for (auto& g : groups) sum.add(g.total);
  return sum;
}

const cell_group* cell_table::find(const std::vector<std::string>& names) const {
  auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.names == names; });
  return at == groups.end() ? nullptr : &*at;
}

std::map<std::int64_t, rollup> cell_table::steps() const {
  std::map<std::int64_t, rollup> sums;
  for (auto& g : groups)
    for (auto& [time, r] : g.steps) sums[time].add(r);
  return sums;
}

bool all_complete(const cell_tables& tables) {
  return std::all_of(tables.begin(), tables.end(), [](const auto& t) { return t.complete; });
}

bool any_whole_hours(const cell_tables& tables) {
  return std::any_of(tables.begin(), tables.end(), [](const auto& t) { return t.whole_hours; });
}

void ask_cells(client& actors, io_thread& home, cell_asker who, std::vector<cell_question> questions,
               std::function<void(result<cell_tables>)> done) {
  std::make_shared<asking>(actors, home, std::move(who), std::move(questions), std::move(done))->start();
}

void ask_cells(api_context& api, const request_ptr& r, const responder& back,
               std::vector<cell_question> questions, std::function<void(cell_tables&)> done) {
  ask_cells(api.actors, back.home(), {r->who.org, consistency_of(*r)}, std::move(questions),
            [back, done = std::move(done)](result<cell_tables> tables) {
              if (!tables) return back(to_response(tables.error()));
              guarded(back, [&] { done(*tables); });
            });
}

}  // namespace troupe::http
