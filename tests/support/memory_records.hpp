// One shard's records in memory, for tests of machines and queries without storage: runs a command as a replica
// would, and keeps history. Not thread-safe.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/machine.hpp"
#include "protocol/message.hpp"

namespace troupe::testing {

class memory_records final : public record_reader {
 public:
  std::optional<std::string> get(family f, std::string_view key) const override;
  void scan(family f, std::string_view from, std::string_view to, const visitor& visit) const override;
  void scan_down(family f, std::string_view from, std::string_view to, const visitor& visit) const override;
  query_cache* cache() const override { return kept; }

  query_cache* kept = nullptr;  // what queries may use
  // Merges as the store does; the previous version of what is kept goes to family::history.
  void apply(const mutations& changes, log_index at);
  const std::map<std::string, std::string, std::less<>>& all(family f) const {
    return records_[static_cast<std::size_t>(f)];
  }
  bool operator==(const memory_records& other) const { return records_ == other.records_; }

 private:
  std::array<std::map<std::string, std::string, std::less<>>, family_count> records_;
};

// The records that a command named, and nothing else: looking further is a machine_fault.
class named_records final : public view {
 public:
  named_records(const memory_records& records, const read_set& keys);
  std::optional<std::string_view> get(family f, std::string_view key) const override;

 private:
  std::map<std::pair<family, std::string>, std::optional<std::string>> records_;
};

// A decoded message that owns its bytes.
template <class T>
class owned {
 public:
  explicit owned(std::string bytes)
      : bytes_(std::make_unique<std::string>(std::move(bytes))),
        reader_(std::make_unique<message_reader>(*bytes_)) {}
  typename T::Reader operator*() const { return reader_->template root<T>(); }
  const std::string& bytes() const { return *bytes_; }

 private:
  std::unique_ptr<std::string> bytes_;
  std::unique_ptr<message_reader> reader_;
};

// A shard of machines over memory, with a clock that the test moves.
class memory_shard {
 public:
  memory_shard();

  std::string org = "default";
  stamp now;

  // Fill in a command, run it as the next entry, and read the answer.
  using fill = std::function<void(schema::Command::Body::Builder)>;
  owned<schema::Reply> run(const fill& body);
  owned<schema::Reply> run(std::string_view command);
  // The outbox's part of the shell: erases the record and runs the command in it.
  owned<schema::Reply> fire(const std::string& timer_key);
  void pass(std::int64_t ms) { now.time_us += ms * 1000; }

  using ask = std::function<void(schema::Query::Builder)>;
  owned<schema::QueryResult> query(const ask& question) const;

  memory_records records;
  outcome last;  // of the latest command

 private:
  machine_set machines_;
};

// The refusal's code, or none.
errc refused(const owned<schema::Reply>& reply);

}  // namespace troupe::testing
