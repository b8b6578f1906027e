#include "http/live/channel_socket.hpp"

#include <algorithm>

#include "http/live/state_snapshot.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

std::string epoch_and_offset(hub& live, std::string_view offset) {
  return concat({"{\"epoch\":\"", epoch_text(live.data().history()), "\",\"offset\":\"", offset, "\""});
}

}  // namespace

channel_socket::channel_socket(live_context& context, std::optional<principal> who, seat its,
                               std::string greeting, deflating agreed)
    : websocket(context.limits(), context.stats(), std::move(greeting), agreed), context_(context) {
  if (who) who_ = context_.live.principals().share(std::move(*who));
  if (its) seats_.emplace_back(who_, std::move(its));
}

channel_socket::channel* channel_socket::find(std::string_view topic_name) {
  for (auto& c : channels_)
    if (c.what->name == topic_name) return &c;
  return nullptr;
}

void channel_socket::on_message(result<channel_message> message) {
  if (!message) return close(close_code::policy, message.error().detail);
  on_message(*message);
}

void channel_socket::on_message(const channel_message& m) {
  if (m.topic == "phoenix") {
    if (m.event == "heartbeat") reply(m, "ok", "{}");
    return;
  }
  if (m.event == "phx_join") return join(m);
  auto* c = find(m.topic);
  if (!c) return refuse(m, "unmatched topic", "join the topic first");
  if (m.join_ref && c->join_ref != m.join_ref) return;  // of an earlier join
  if (m.event == "phx_leave") return leave(m);
  if (m.event == "publish") {
    auto who = c->who;
    return publish(m, *who);
  }
  refuse(m, "unknown event", "this topic takes phx_leave and, on \"events\", publish");
}

void channel_socket::reply(const channel_message& to, std::string_view status, std::string_view response) {
  send_text(channel_reply(to, status, response));
}

void channel_socket::refuse(const channel_message& to, std::string_view reason, std::string_view detail) {
  reply(to, "error", concat({"{\"reason\":", json_string(reason), ",\"detail\":", json_string(detail), "}"}));
}

// --- what readers push

void channel_socket::push(topic_reader& from, const delivery& d) {
  if (!d.channel || !is_open()) return;
  auto& l = limits();
  auto size = d.channel.plain().size();
  bool full = queued_frames() >= l.socket_queue_frames_max ||
              (queued_bytes() > 0 && queued_bytes() + size > l.socket_queue_bytes_max);
  if (d.is_state()) {  // a state: the latest will do
    bool crowded =
        queued_frames() >= l.socket_queue_frames_max / 2 || queued_bytes() > l.socket_queue_bytes_max / 2;
    if (full || crowded) return missed_state(from);
  } else if (full) {
    return fell_behind();
  }
  send(d.channel);
}

void channel_socket::missed_state(topic_reader& from) {
  for (auto& c : channels_)
    if (c.reader.get() == &from) c.is_stale = true;
  tell_drained();
}

bool channel_socket::has_room() {
  if (queued_frames() <= 4) return true;
  tell_drained();
  return false;
}

void channel_socket::fell_behind() {
  stats_counters::add(stats().slow_readers_closed);
  close(close_code::try_again_later, "too slow: resume from your offset");
}

// The queue is empty: states that were let go are sent, and readers that recover go on.
void channel_socket::on_drained() {
  refresh_states();
  std::vector<std::shared_ptr<topic_reader>> readers;
  for (auto& c : channels_)
    if (c.reader) readers.push_back(c.reader);
  for (auto& r : readers) r->go_on();
}

void channel_socket::refresh_states() {
  for (auto& c : channels_) {
    if (!std::exchange(c.is_stale, false)) continue;
    auto& what = *c.what;
    if (what.has_presence())
      send_text(channel_push(c.join_ref, what.name, "presence_state", context_.live.presence_state(what)));
    if (what.kind == topic_kind::insight)
      send_text(channel_push(
          c.join_ref, what.name, "changed",
          concat({epoch_and_offset(context_.live, offset_text(context_.live.now())), ",\"missed\":true}"})));
    if (what.kind == topic_kind::agents) refresh_agents(c);
    if (what.kind == topic_kind::agent || what.kind == topic_kind::dashboard) refresh_one(c);
  }
}

void channel_socket::refresh_agents(const channel& c) {
  auto self = std::static_pointer_cast<channel_socket>(shared_from_this());
  snapshot_agents(context_.live, home(), c.what->org,
                  [self, what = c.what, offset = offset_text(context_.live.now())](result<agent_list> list) {
                    if (!list || !self->find(what->name)) return;
                    auto payload = concat(
                        {epoch_and_offset(self->context_.live, offset), ",\"agents\":", list->json, "}"});
                    self->send(frame_ref(channel_text(json_string(what->name), "agents", payload)));
                  });
}

void channel_socket::refresh_one(const channel& c) {
  auto self = std::static_pointer_cast<channel_socket>(shared_from_this());
  snapshot_one(context_.live, home(), *c.what, [self, what = c.what](const result<std::string>& found) {
    if (!found || !self->find(what->name)) return;
    auto name = json_string(what->name);
    if (!found->empty())
      self->send(
          frame_ref(channel_text(name, what->kind == topic_kind::agent ? "agent" : "dashboard", *found)));
    else if (what->kind == topic_kind::dashboard)
      self->send(frame_ref(channel_text(name, "dashboard_deleted", deleted_json(what->id))));
  });
}

// --- the end

void channel_socket::key_revoked(std::string_view key_id) {
  auto uses = [key_id](const auto& who) { return who && who->key_id == key_id; };
  if (uses(who_) || std::any_of(channels_.begin(), channels_.end(), [&](auto& c) { return uses(c.who); }))
    close(close_code::policy, "the key was revoked");
}

void channel_socket::seat_lost(std::uint64_t number) {
  if (std::any_of(seats_.begin(), seats_.end(), [&](auto& s) { return *s.second == number; }))
    close(close_code::policy, "this key has more live connections than its max_connections");
}

void channel_socket::on_end() {
  seats_.clear();
  while (!channels_.empty()) forget(std::string(channels_.back().what->name));
  std::vector<channel>().swap(channels_);
}

}  // namespace troupe::http
