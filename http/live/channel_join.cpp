// What a channel socket does with joins, leaves and publishing.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "http/ingest/event_json.hpp"
#include "http/live/agent_snapshot.hpp"
#include "http/live/channel_socket.hpp"
#include "http/routes/ingest_batch.hpp"
#include "http/server/request_head.hpp"

namespace troupe::http {

namespace {

std::string_view text_of(const boost::json::object& from, std::string_view name) {
  auto* v = from.if_contains({name.data(), name.size()});
  if (!v || !v->is_string()) return {};
  return {v->get_string().data(), v->get_string().size()};
}

}  // namespace

result<principal> channel_socket::who_joins(const channel_message& m) {
  auto token = text_of(m.payload, "token");
  if (!token.empty()) return context_.api.keys.authenticate(token, head_->remote);
  if (who_) return *who_;
  return failure{errc::unauthenticated,
                 "no key: send it as authToken (sub-protocol) or as \"token\" in the payload of the join"};
}

void channel_socket::join(const channel_message& m) {
  if (auto it = channels_.find(m.topic); it != channels_.end()) {  // joined again: the earlier one ends
    auto close = channel_push(it->second.join_ref, m.topic, "phx_close", "{}");
    forget(it);
    queue(std::make_shared<const std::string>(std::move(close)));
  }
  auto who = who_joins(m);
  if (!who) return refuse(m, to_string(who.error().code), who.error().detail);
  auto what = parse_topic(who->org, m.topic);
  if (!what)
    return refuse(m, "unmatched topic", "topics are events, agents, agent:<id>, team:<name> and system");
  bool may_publish_only = !may(who->is, permission::read) && what->kind == topic_kind::events;
  if (!may(who->is, permission::read) && !may_publish_only)
    return refuse(
        m, "forbidden",
        "this key has the role " + std::string(to_string(who->is)) + ": reading needs read or admin");
  if (channels_.size() >= context_.limits().joins_per_socket_max)
    return refuse(m, "too many topics", "leave one first, or open another socket");
  if (!context_.live.is_ready()) return refuse(m, "starting", "the node is starting: join again");
  auto& c = channels_[m.topic];
  c.join_ref = m.join_ref;
  c.who = *who;
  stats_counters::add(context_.stats().joins_open);
  if (may_publish_only) return reply(m, "ok", "{}");
  c.reader = std::make_shared<topic_reader>(context_.live, home_, *what, encoding::channel,
                                            static_cast<reader_sink&>(*this));
  std::optional<std::pair<std::string, std::string>> resume;
  if (auto* recover = m.payload.if_contains("recover"); recover && recover->is_object())
    resume.emplace(text_of(recover->get_object(), "epoch"), text_of(recover->get_object(), "offset"));
  auto at = c.reader->join(resume);
  if (at.recovered == true) stats_counters::add(context_.stats().recoveries);
  if (what->kind == topic_kind::agents) return join_agents(m, at);
  answer_join(m, at, {});
}

void channel_socket::join_agents(const channel_message& m, const topic_reader::joined& at) {
  auto& c = channels_[m.topic];
  snapshot_agents(
      context_.live, home_, c.who.org,
      [self = shared_from_this(), m, at, reader = std::weak_ptr(c.reader)](result<std::string> list) {
        auto it = self->channels_.find(m.topic);
        auto current = reader.lock();
        if (it == self->channels_.end() || !current || it->second.reader != current) return;
        if (list) return self->answer_join(m, at, *list);
        self->forget(it);
        self->refuse(m, to_string(list.error().code), list.error().detail);
      });
}

void channel_socket::answer_join(const channel_message& m, const topic_reader::joined& at,
                                 std::string_view snapshot) {
  auto& c = channels_[m.topic];
  auto& what = c.reader->what();
  std::string response =
      "{\"epoch\":\"" + epoch_text(context_.live.data().history()) + "\",\"offset\":\"" + at.offset + "\"";
  if (at.recovered) response.append(",\"recovered\":").append(*at.recovered ? "true" : "false");
  if (!snapshot.empty()) response.append(",\"snapshot\":").append(snapshot);
  reply(m, "ok", response + "}");
  if (what.has_offsets()) {
    auto ref = head_->request_id + "-" + std::to_string(++joins_);
    c.presence = {c.who.key_id, ref,
                  "{\"phx_ref\":" + json_string(ref) + ",\"name\":" + json_string(c.who.name) +
                      ",\"role\":\"" + std::string(to_string(c.who.is)) +
                      "\",\"online_at\":" + std::to_string(now_us() / 1'000'000) + "}"};
    context_.live.arrive(what, c.presence);
    queue(std::make_shared<const std::string>(
        channel_push(c.join_ref, m.topic, "presence_state", context_.live.presence_state(what))));
  }
  auto reader = c.reader;  // what is pushed may close this socket
  reader->begin();
}

void channel_socket::leave(const channel_message& m) {
  forget(channels_.find(m.topic));
  reply(m, "ok", "{}");
  queue(std::make_shared<const std::string>(channel_push(m.join_ref, m.topic, "phx_close", "{}")));
}

void channel_socket::forget(std::map<std::string, channel>::iterator it) {
  if (it == channels_.end()) return;
  auto c = std::move(it->second);
  channels_.erase(it);
  stats_counters::drop(context_.stats().joins_open);
  if (!c.reader) return;
  if (!c.presence.ref.empty()) context_.live.leave(c.reader->what(), c.presence);
  c.reader->end();
}

void channel_socket::publish(const channel_message& m, const channel& c) {
  if (m.topic != "events") return refuse(m, "unknown event", "events are published on the topic \"events\"");
  if (!may(c.who.is, permission::ingest))
    return refuse(m, "forbidden", "this key may not send events: it needs the role ingest or admin");
  auto payload = m.payload;
  if (!m.bytes.empty()) {
    boost::json::error_code error;
    auto value = boost::json::parse({m.bytes.data(), m.bytes.size()}, error);
    if (error || !value.is_object()) return refuse(m, "invalid_argument", "the payload is no JSON object");
    payload = std::move(value.get_object());
  }
  auto* events = payload.if_contains("events");
  if (!events || !events->is_array())
    return refuse(m, "invalid_argument", "the payload has no list \"events\"");
  auto body = boost::json::serialize(*events);
  auto held = std::make_shared<reservation>(context_.api.core.budget);
  if (publishing_ >= context_.limits().publishes_per_socket_max || !held->grow_to(2 * body.size()))
    return refuse(m, "overloaded", "too much is being published: send it again later");
  ingest_origin from{c.who.org, c.who.key_id};
  std::string seed;
  auto batch = ingest::parse_events(body, "application/json", ingest_context(context_.api, from, seed));
  if (!batch) return refuse(m, to_string(batch.error().code), batch.error().detail);
  ++publishing_;
  channel_message to{m.join_ref, m.ref, m.topic, m.event, {}, {}};
  ingest_batch(context_.api, *home_, from, std::move(*batch),
               [self = shared_from_this(), m = std::move(to), held](const ingest_outcome& o) {
                 --self->publishing_;
                 if (o.failed) return self->refuse(m, to_string(o.failed->code), o.failed->detail);
                 self->reply(m, "ok", outcome_json(o));
               });
}

// The queue is empty again: sends the states that were dropped while it was full.
void channel_socket::refresh_states() {
  auto stale = std::exchange(stale_, {});
  for (auto& [name, c] : channels_) {
    if (!c.reader || !stale.contains(c.reader->what().key())) continue;
    auto& what = c.reader->what();
    if (what.has_offsets()) {
      queue(std::make_shared<const std::string>(
          channel_push(c.join_ref, name, "presence_state", context_.live.presence_state(what))));
    } else if (what.kind == topic_kind::agents) {
      snapshot_agents(context_.live, home_, c.who.org,
                      [self = shared_from_this(), name = name,
                       offset = offset_text(context_.live.now())](result<std::string> list) {
                        if (!list || !self->channels_.contains(name)) return;
                        self->queue(std::make_shared<const std::string>(
                            channel_text(name, "agents",
                                         "{\"epoch\":\"" + epoch_text(self->context_.live.data().history()) +
                                             "\",\"offset\":\"" + offset + "\",\"agents\":" + *list + "}")));
                      });
    }
  }
}

}  // namespace troupe::http
