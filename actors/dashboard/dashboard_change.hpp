// One dashboard while a command changes it: its record before, what is to follow it, and what became of that.
//
// Owned by one apply(). What follows is judged as a whole; the record is written, with its previous version kept, and its
// version grows, only if it says something else than before.
#pragma once

#include <optional>
#include <vector>

#include "protocol/machine.hpp"
#include "protocol/message.hpp"

namespace troupe::dashboards {

class dashboard_change {
 public:
  // Reads the record and the organisation's total; 'id' must be among the command's reads.
  dashboard_change(const view& before, schema::Command::Reader command, capnp::Text::Reader id,
                   const stamp& at);
  static void reads(std::string_view org, std::string_view id, read_set& keys);

  bool known() const { return before_.has_value(); }
  // Only of one that is known.
  schema::Dashboard::Reader before() { return before_->root<schema::Dashboard>(); }
  // In this shard.
  std::uint32_t total() const { return total_; }

  // What follows, without charts and with the fields of before. A new one begins with those of 'said'.
  schema::Dashboard::Builder head() { return head_.getRoot<schema::Dashboard>(); }
  void begin_new(schema::Dashboard::Reader said);
  void set_charts(capnp::List<schema::Chart>::Reader said);
  // The charts that follow, at first those of before. They must outlive this.
  std::vector<schema::Chart::Reader>& charts() { return charts_; }

  // The refusal of a command about one that is not known, or whose version is not the one that was said (0: any).
  std::optional<outcome> refuse_unless(std::uint64_t if_version);
  // Judges, writes and answers.
  outcome write();
  outcome remove();

 private:
  // What follows as one message, without gaps.
  void join(capnp::MallocMessageBuilder& to);
  void put_total(outcome& to, std::uint32_t total);

  capnp::Text::Reader org_, id_, principal_;
  const stamp& at_;
  std::optional<message_reader> before_;
  std::uint32_t total_ = 0;
  capnp::MallocMessageBuilder head_;
  std::vector<schema::Chart::Reader> charts_;
};

}  // namespace troupe::dashboards
