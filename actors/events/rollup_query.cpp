#include "rollup_query.hpp"

#include <map>

#include "keys.hpp"
#include "protocol/cell_record.hpp"
#include "protocol/message.hpp"
#include "protocol/page.hpp"

namespace troupe::events {

namespace {

struct bucket {
  std::int64_t start_us = 0;
  std::string key;
  std::string bytes;
};

// Figures by agent are the rows of usage in the agent's record.
void add_usage(std::string_view record, rollup& sum) {
  cell_record_reader rows(record);
  while (auto row = rows.next()) {
    if (row->name.empty() || row->name.front() != static_cast<char>(schema::Cube::USAGE)) continue;
    if (!row->add_to(sum)) throw machine_fault("the figures of a cell cannot be read");
  }
  if (!rows.ok()) throw machine_fault("a record of cells cannot be read");
}
std::string sum_of_usage(std::string_view record) {
  rollup sum;
  add_usage(record, sum);
  return sum.count == 0 ? std::string() : sum.encode();
}

bucket read_bucket(std::string_view key, std::size_t prefix_size, std::string_view value) {
  key_reader in(key.substr(prefix_size));
  bucket b;
  b.start_us = in.i64();
  b.key = in.text();
  b.bytes = is_cell_record(value) ? sum_of_usage(value) : std::string(value);
  return b;
}

// Days of an agent are kept as hours.
schema::Resolution kept(schema::Resolution resolution) {
  return resolution == schema::Resolution::DAY ? schema::Resolution::HOUR : resolution;
}

std::string prefix_of(std::string_view org, schema::ReadRollups::Reader asked) {
  if (asked.getDimension() == schema::Dimension::AGENT)
    return cell_prefix(org, schema::Cube::USAGE, kept(asked.getResolution()));
  return rollup_prefix(org, asked.getResolution(), asked.getDimension());
}

class rollup_reader {
 public:
  rollup_reader(const record_reader& records, schema::Query::Reader query)
      : records_(records),
        asked_(query.getReadRollups()),
        org_(view_of(query.getOrg())),
        prefix_(prefix_of(org_, asked_)),
        page_(asked_.getLimit()) {
    from_us_ = asked_.getSinceUs() == 0 ? 0 : bucket_start(asked_.getSinceUs(), asked_.getResolution());
    end_ = asked_.getUntilUs() == 0 ? prefix_end(prefix_) : place(asked_.getUntilUs(), {});
  }

  void answer(schema::QueryResult::Builder out) {
    bool by_agent = asked_.getDimension() == schema::Dimension::AGENT;
    if (by_agent && asked_.getResolution() == schema::Resolution::DAY)
      read_days();
    else if (asked_.getKey().size() > 0)
      read_one_key();
    else
      read_all_keys();
    write(out);
  }

 private:
  std::string place(std::int64_t start_us, std::string_view key) const {
    // The tag's byte is the prefix's.
    return prefix_ + key_writer(record_tag::rollup).i64(start_us).text(key).str().substr(1);
  }

  std::string beginning() const {
    if (asked_.getSinceUs() == 0) return prefix_;
    return asked_.getFromKey().size() == 0 ? place(from_us_, {})
                                           : place(from_us_, view_of(asked_.getFromKey()));
  }

  // False: stop, the bucket is where to go on.
  bool take(bucket b) {
    if (b.bytes.empty()) return true;  // at work, but no event of this hour
    if (!page_.take(b.bytes.size())) return stop(std::move(b));
    items_.push_back(std::move(b));
    return true;
  }
  bool stop(bucket at) {
    next_ = std::move(at);
    more_ = true;
    return false;
  }

  void read_all_keys() {
    auto from = beginning();
    if (from >= end_) return;
    records_.scan(family::rollups, from, end_, [&](std::string_view key, std::string_view value) {
      auto b = read_bucket(key, prefix_.size(), value);
      return page_.look() ? take(std::move(b)) : stop(std::move(b));
    });
  }

  // Day by day, each the sum of its hours.
  void read_days() {
    auto wanted = view_of(asked_.getKey());
    std::map<std::string, rollup> day;
    std::int64_t day_us = 0;
    auto flush = [&] {
      for (auto& [agent, sum] : day) {
        bool before = day_us == from_us_ && agent < view_of(asked_.getFromKey());
        if (before || sum.count == 0 || more_) continue;
        bucket b{day_us, agent, sum.encode()};
        page_.look() ? take(std::move(b)) : stop(std::move(b));
      }
      day.clear();
    };
    auto from = asked_.getSinceUs() == 0 ? prefix_ : place(from_us_, {});
    auto to = end_;  // a day that has begun is read to its end
    if (auto until = asked_.getUntilUs(); until != 0)
      to = place(bucket_start(until - 1, schema::Resolution::DAY) + bucket_us(schema::Resolution::DAY), {});
    if (from >= to) return;
    records_.scan(family::rollups, from, to, [&](std::string_view key, std::string_view value) {
      key_reader in(key.substr(prefix_.size()));
      auto start = bucket_start(in.i64(), schema::Resolution::DAY);
      auto agent = in.text();
      if (start != day_us) flush();
      day_us = start;
      if (wanted.empty() || agent == wanted) add_usage(value, day[agent]);
      return !more_;
    });
    if (!more_) flush();
  }

  // Buckets of all keys lie together by time: from each bucket of the key a seek leads to the next.
  void read_one_key() {
    auto wanted = view_of(asked_.getKey());
    auto from = asked_.getSinceUs() == 0 ? prefix_ : place(from_us_, wanted);
    bool going = true;
    while (going && from < end_) {
      std::optional<bucket> at;
      records_.scan(family::rollups, from, end_, [&](std::string_view key, std::string_view value) {
        at = read_bucket(key, prefix_.size(), value);
        return false;
      });
      if (!at) return;
      auto next_start = at->start_us + (at->key < wanted ? 0 : bucket_us(asked_.getResolution()));
      from = place(next_start, wanted);
      if (!page_.look())
        going = stop(std::move(*at));
      else if (at->key == wanted)
        going = take(std::move(*at));
    }
  }

  void write(schema::QueryResult::Builder out) const {
    out.setMore(more_);
    out.setScannedToTimeUs(next_.start_us);
    out.setScannedToId(next_.key.c_str());
    auto list = out.initRollups(static_cast<unsigned>(items_.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list[i].setTimeUs(items_[i].start_us);
      list[i].setKey(items_[i].key.c_str());
      list[i].setRollup(message_reader(items_[i].bytes).root<schema::Rollup>());
    }
  }

  const record_reader& records_;
  schema::ReadRollups::Reader asked_;
  std::string_view org_;
  std::string prefix_, end_;
  std::int64_t from_us_ = 0;
  page page_;
  std::vector<bucket> items_;
  bucket next_;
  bool more_ = false;
};

}  // namespace

void read_rollups(const record_reader& records, schema::Query::Reader query,
                  schema::QueryResult::Builder out) {
  rollup_reader(records, query).answer(out);
}

}  // namespace troupe::events
