// One reader of one topic on its I/O thread: joins it at a position, is given what it missed since an earlier one, then
// everything that follows. In order, without gap or duplicate.
//
//   attach at P -> [recover R..P from the shards, live frames wait] -> live
//
// Invariants: touched on its I/O thread only. While it recovers, what is live waits here, bounded; beyond the bound, and
// when a shard does not answer, the reader has fallen behind and its sink ends it so that the client resumes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/live/hub.hpp"

namespace troupe::http {

// Where a reader's frames go. Outlives the reader.
class reader_sink {
 public:
  virtual ~reader_sink() = default;
  virtual void push(const frame_ptr& f) = 0;
  // False while much is queued: what is recovered waits until go_on() is called.
  virtual bool has_room() const { return true; }
  // It can't go on without a gap: close, saying that the client may resume.
  virtual void fell_behind() = 0;
};

class topic_reader final : public frame_taker, public std::enable_shared_from_this<topic_reader> {
 public:
  topic_reader(hub& from, std::shared_ptr<io_thread> home, topic what, encoding as, reader_sink& to);
  ~topic_reader() override;

  struct joined {
    std::string offset;             // where the pushes that follow begin
    std::optional<bool> recovered;  // nothing if it was not asked for
  };
  // Attaches; 'epoch' and 'offset' are what the client has seen, if it wants to resume.
  joined join(std::optional<std::pair<std::string, std::string>> resume);
  // Goes live. Between join() and this nothing is pushed, so that the answer to the join can go first.
  void begin();
  // There is room again.
  void go_on();
  void end();

  const topic& what() const { return what_; }
  // Where it joined: frames follow from here.
  const position& starts_at() const { return start_; }
  void take(const frame_ptr& f) override;

 private:
  std::string offset_of(const position& p) const;
  void recover_next();
  void recovered_page(std::uint16_t shard, result<std::string> answer);
  void push_page(shard_id shard, std::uint64_t last, std::string_view events);
  void go_live();

  hub& hub_;
  const std::shared_ptr<io_thread> home_;
  const topic what_;
  const encoding as_;
  reader_sink* sink_;
  bool attached_ = false, live_ = false, paused_ = false;
  position start_;                // frames up to here are not for this reader
  position seen_;                 // what it has been given while it recovers
  std::uint16_t recovering_ = 0;  // the shard that is being read, 0: none
  std::deque<frame_ptr> waiting_;
};

}  // namespace troupe::http
