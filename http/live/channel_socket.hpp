// One WebSocket that speaks Phoenix Channels: joins, recovery, presence, publishing.
//
// Invariants: touched on its I/O thread only. The queue is bounded: states are let go and sent afresh once it is empty;
// a reader of events that is too slow is closed so that it resumes from its offset.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/live/channel_message.hpp"
#include "http/live/live_context.hpp"
#include "http/live/reader.hpp"
#include "http/live/state_snapshot.hpp"
#include "http/websocket/websocket.hpp"

namespace troupe::http {

class channel_socket final : public websocket, private reader_sink {
 public:
  // 'who' is whose key came with the upgrade, if one did; 'its' is that key's seat.
  channel_socket(live_context& context, std::optional<principal> who, seat its, std::string greeting,
                 deflating agreed);

  void key_revoked(std::string_view key_id) override;
  void seat_lost(std::uint64_t number) override;

 private:
  struct channel {
    std::shared_ptr<const topic> what;
    std::shared_ptr<const principal> who;
    std::shared_ptr<topic_reader> reader;  // none if it may publish only
    std::optional<std::string> join_ref;
    std::uint64_t presence = 0;  // number of the session, 0: not listed
    bool is_stale = false;       // a state was let go
  };

  // websocket
  void on_text(std::string_view message) override { on_message(parse_channel_text(message)); }
  void on_binary(std::string_view message) override { on_message(parse_channel_binary(message)); }
  void on_drained() override;
  void on_end() override;

  // reader_sink
  void push(topic_reader& from, const delivery& d) override;
  void missed_state(topic_reader& from) override;
  void fell_behind() override;
  bool has_room() override;

  void on_message(result<channel_message> message);
  void on_message(const channel_message& m);
  void join(const channel_message& m);
  result<std::shared_ptr<const principal>> who_joins(const channel_message& m);
  // One for each key that joins here, however many topics.
  std::optional<failure> sit(const std::shared_ptr<const principal>& who);
  void enter(const channel_message& m, const std::shared_ptr<topic_reader>& reader,
             const std::optional<topic_reader::seen>& resume);
  // 'more': further fields of the answer, each with its comma.
  void answer_join(const channel_message& m, const topic_reader::joined& at, std::string_view more);
  void join_agents(const channel_message& m, const topic_reader::joined& at);
  void join_dashboard(const channel_message& m, const topic_reader::joined& at);
  // The answer with a snapshot, or why there is none; nothing if the channel has left meanwhile.
  void answer_with(const channel_message& m, const topic_reader::joined& at,
                   const std::weak_ptr<topic_reader>& reader, const result<std::string>& more);
  void arrive(channel& c);
  void leave(const channel_message& m);
  void forget(std::string_view topic_name);
  void publish(const channel_message& m, const principal& who);
  void reply(const channel_message& to, std::string_view status, std::string_view response);
  void refuse(const channel_message& to, std::string_view reason, std::string_view detail);
  void refresh_states();
  void refresh_agents(const channel& c);
  void refresh_one(const channel& c);
  channel* find(std::string_view topic_name);

  live_context& context_;
  std::shared_ptr<const principal> who_;
  // Of keys that may have only so many connections.
  std::vector<std::pair<std::shared_ptr<const principal>, seat>> seats_;
  std::vector<channel> channels_;  // few: a socket joins a handful
  std::uint32_t publishing_ = 0;   // publishes that are not answered yet
};

}  // namespace troupe::http
