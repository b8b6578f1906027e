// What a channel socket does with joins, leaves and publishing.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "http/ingest/event_json.hpp"
#include "http/live/channel_socket.hpp"
#include "http/live/state_snapshot.hpp"
#include "http/routes/ingest_batch.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

std::string_view text_of(const boost::json::object& from, std::string_view name) {
  auto* v = from.if_contains({name.data(), name.size()});
  if (!v || !v->is_string()) return {};
  return {v->get_string().data(), v->get_string().size()};
}

}  // namespace

result<std::shared_ptr<const principal>> channel_socket::who_joins(const channel_message& m) {
  auto token = text_of(m.payload, "token");
  if (token.empty()) {
    if (who_) return who_;
    return failure{errc::unauthenticated,
                   "no key: send it as authToken (sub-protocol) or as \"token\" in the payload of the join"};
  }
  auto who = context_.api.keys.authenticate(token, remote());
  if (!who) return who.error();
  return context_.live.principals().share(std::move(*who));
}

std::optional<failure> channel_socket::sit(const std::shared_ptr<const principal>& who) {
  auto same = [&](auto& s) { return s.first->key_id == who->key_id && s.first->org == who->org; };
  if (who->connections_max == 0 || std::any_of(seats_.begin(), seats_.end(), same)) return {};
  auto taken = context_.live.take_seat(*who);
  if (!taken) return taken.error();
  seats_.emplace_back(who, std::move(*taken));
  return {};
}

void channel_socket::join(const channel_message& m) {
  if (auto* earlier = find(m.topic)) {  // joined again: the earlier one ends
    auto close = channel_push(earlier->join_ref, m.topic, "phx_close", "{}");
    forget(m.topic);
    send_text(close);
  }
  auto found = who_joins(m);
  if (!found) return refuse(m, to_string(found.error().code), found.error().detail);
  auto& who = *found;
  auto what = parse_topic(who->org, m.topic);
  if (!what)
    return refuse(
        m, "unmatched topic",
        "topics are events, agents, agent:<id>, team:<name>, dashboard:<id>, insight:<view> and system");
  bool may_publish_only = !may(who->is, permission::read) && what->kind == topic_kind::events;
  if (!may(who->is, permission::read) && !may_publish_only)
    return refuse(m, "forbidden",
                  concat({"this key has the role ", to_string(who->is), ": reading needs read or admin"}));
  if (channels_.size() >= limits().joins_per_socket_max)
    return refuse(m, "too many topics", "leave one first, or open another socket");
  if (!context_.live.is_ready()) return refuse(m, "starting", "the node is starting: join again");
  if (auto full = sit(who)) return refuse(m, "too many connections", full->detail);
  if (channels_.capacity() == channels_.size())
    channels_.reserve(channels_.size() + 1 + channels_.size() / 2);
  auto& c = channels_.emplace_back();
  c.join_ref = m.join_ref;
  c.who = who;
  stats_counters::add(stats().joins_open);
  c.what = std::make_shared<const topic>(std::move(*what));
  if (may_publish_only) return reply(m, "ok", "{}");
  c.reader = std::make_shared<topic_reader>(context_.live, home(), encoding::channel,
                                            static_cast<reader_sink&>(*this));
  std::optional<topic_reader::seen> resume;
  if (auto* recover = m.payload.if_contains("recover"); recover && recover->is_object())
    resume = {std::string(text_of(recover->get_object(), "epoch")),
              std::string(text_of(recover->get_object(), "offset"))};
  auto self = std::static_pointer_cast<channel_socket>(shared_from_this());
  auto what_joined = c.what;
  auto reader = c.reader;
  channel_message to{m.join_ref, m.ref, m.topic, m.event, {}, {}};
  reader->when_there(*what_joined, resume,
                     [self, m = std::move(to), reader, resume] { self->enter(m, reader, resume); });
}

void channel_socket::enter(const channel_message& m, const std::shared_ptr<topic_reader>& reader,
                           const std::optional<topic_reader::seen>& resume) {
  auto* c = find(m.topic);
  if (!c || c->reader != reader) return;  // it has left meanwhile
  auto at = reader->join(*c->what, resume);
  c->what = reader->shared_topic();
  if (at.recovered == true) stats_counters::add(stats().recoveries);
  if (c->what->kind == topic_kind::agents) return join_agents(m, at);
  if (c->what->kind == topic_kind::dashboard) return join_dashboard(m, at);
  answer_join(m, at, {});
}

void channel_socket::join_agents(const channel_message& m, const topic_reader::joined& at) {
  auto* c = find(m.topic);
  auto self = std::static_pointer_cast<channel_socket>(shared_from_this());
  channel_message to{m.join_ref, m.ref, m.topic, m.event, {}, {}};
  snapshot_agents(
      context_.live, home(), c->what->org,
      [self, m = std::move(to), at, reader = std::weak_ptr(c->reader)](const result<agent_list>& list) {
        if (!list) return self->answer_with(m, at, reader, list.error());
        auto truncated = list->is_truncated ? ",\"snapshot_truncated\":true" : "";
        self->answer_with(m, at, reader, concat({",\"snapshot\":", list->json, truncated}));
      });
}

void channel_socket::join_dashboard(const channel_message& m, const topic_reader::joined& at) {
  auto* c = find(m.topic);
  auto self = std::static_pointer_cast<channel_socket>(shared_from_this());
  channel_message to{m.join_ref, m.ref, m.topic, m.event, {}, {}};
  snapshot_one(context_.live, home(), *c->what,
               [self, m = std::move(to), at, reader = std::weak_ptr(c->reader)](result<std::string> found) {
                 if (found && found->empty())
                   found = failure{errc::not_found, "there is no dashboard with this id"};
                 if (found) found = concat({",\"snapshot\":", *found});
                 self->answer_with(m, at, reader, found);
               });
}

void channel_socket::answer_with(const channel_message& m, const topic_reader::joined& at,
                                 const std::weak_ptr<topic_reader>& reader, const result<std::string>& more) {
  auto* now = find(m.topic);
  auto current = reader.lock();
  if (!now || !current || now->reader != current) return;
  if (more) return answer_join(m, at, *more);
  forget(m.topic);
  refuse(m, to_string(more.error().code), more.error().detail);
}

void channel_socket::answer_join(const channel_message& m, const topic_reader::joined& at,
                                 std::string_view more) {
  auto* c = find(m.topic);
  auto response = concat(
      {"{\"epoch\":\"", epoch_text(context_.live.data().history()), "\",\"offset\":\"", at.offset, "\""});
  if (at.recovered) response.append(",\"recovered\":").append(*at.recovered ? "true" : "false");
  reply(m, "ok", response.append(more) + "}");
  if (c->what->has_presence()) arrive(*c);
  auto reader = c->reader;  // what is pushed may close this socket
  reader->begin();
}

void channel_socket::arrive(channel& c) {
  auto fields = concat({"\"name\":", json_string(c.who->name), ",\"role\":\"", to_string(c.who->is),
                        "\",\"online_at\":", std::to_string(now_us() / 1'000'000)});
  c.presence = context_.live.arrive(*c.what, c.who->key_id, fields);
  send_text(channel_push(c.join_ref, c.what->name, "presence_state", context_.live.presence_state(*c.what)));
}

void channel_socket::leave(const channel_message& m) {
  forget(m.topic);
  reply(m, "ok", "{}");
  send_text(channel_push(m.join_ref, m.topic, "phx_close", "{}"));
}

void channel_socket::forget(std::string_view topic_name) {
  auto* at = find(topic_name);
  if (!at) return;
  auto c = std::move(*at);
  if (at != &channels_.back()) *at = std::move(channels_.back());
  channels_.pop_back();
  stats_counters::drop(stats().joins_open);
  if (!c.reader) return;
  if (c.presence != 0) context_.live.leave(c.presence);
  c.reader->end();
}

void channel_socket::publish(const channel_message& m, const principal& who) {
  if (m.topic != "events") return refuse(m, "unknown event", "events are published on the topic \"events\"");
  if (!may(who.is, permission::ingest))
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
  if (publishing_ >= limits().publishes_per_socket_max || !held->grow_to(2 * body.size()))
    return refuse(m, "overloaded", "too much is being published: send it again later");
  ingest_origin from{who.org, who.key_id};
  from.gate = &context_.api.core.writes;
  std::string seed;
  auto batch = ingest::parse_events(body, "application/json", ingest_context(context_.api, from, seed));
  if (!batch) return refuse(m, to_string(batch.error().code), batch.error().detail);
  ++publishing_;
  channel_message to{m.join_ref, m.ref, m.topic, m.event, {}, {}};
  ingest_batch(context_.api, *home(), from, std::move(*batch),
               [self = std::static_pointer_cast<channel_socket>(shared_from_this()), m = std::move(to),
                held](const ingest_outcome& o) {
                 --self->publishing_;
                 if (o.failed) return self->refuse(m, to_string(o.failed->code), o.failed->detail);
                 self->reply(m, "ok", outcome_json(o));
               });
}

}  // namespace troupe::http
