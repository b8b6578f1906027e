#include "rollup_query.hpp"

#include "keys.hpp"
#include "protocol/message.hpp"
#include "protocol/page.hpp"

namespace troupe::events {

namespace {

struct bucket {
  std::int64_t start_us = 0;
  std::string key;
  std::string bytes;
};

bucket read_bucket(std::string_view key, std::size_t prefix_size, std::string_view value) {
  key_reader in(key.substr(prefix_size));
  bucket b;
  b.start_us = in.i64();
  b.key = in.text();
  b.bytes = value;
  return b;
}

class rollup_reader {
 public:
  rollup_reader(const record_reader& records, schema::Query::Reader query)
      : records_(records),
        asked_(query.getReadRollups()),
        org_(view_of(query.getOrg())),
        prefix_(rollup_prefix(org_, asked_.getResolution(), asked_.getDimension())),
        page_(asked_.getLimit()) {
    from_us_ = asked_.getSinceUs() == 0 ? 0 : bucket_start(asked_.getSinceUs(), asked_.getResolution());
    end_ = asked_.getUntilUs() == 0 ? prefix_end(prefix_) : place(asked_.getUntilUs(), {});
  }

  void answer(schema::QueryResult::Builder out) {
    if (asked_.getKey().size() > 0)
      read_one_key();
    else
      read_all_keys();
    write(out);
  }

 private:
  std::string place(std::int64_t start_us, std::string_view key) const {
    key_writer to(record_tag::rollup);
    return rollup_key(to, org_, asked_.getResolution(), asked_.getDimension(), start_us, key);
  }

  std::string beginning() const {
    if (asked_.getSinceUs() == 0) return prefix_;
    return asked_.getFromKey().size() == 0 ? place(from_us_, {})
                                           : place(from_us_, view_of(asked_.getFromKey()));
  }

  // False: stop, the bucket is where to go on.
  bool take(bucket b) {
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
