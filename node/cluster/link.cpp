#include "node/cluster/link.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include <random>

#include "node/cluster/knock.hpp"
#include "node/pki.hpp"

namespace troupe::node {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

using dial_atom = caf::atom_constant<caf::atom("dial")>;
using knock_atom = caf::atom_constant<caf::atom("knock")>;
using late_atom = caf::atom_constant<caf::atom("late")>;

constexpr auto backoff_min = 100ms, backoff_max = 2000ms;
constexpr auto be_dialled_within = 1500ms;  // then the lower id dials too
constexpr auto knock_deadline = 1000ms, connect_deadline = 5000ms, greet_deadline = 3000ms;
constexpr auto goodbye_max = 500ms;  // for the peer to hear that this node stops, and to hang up
constexpr auto tick_min = 10ms;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Blocks, so it has a thread of its own. Answers the numeric address, or an empty text and what is wrong.
// It takes an argument because CAF dereferences null when it spawns a function with none.
caf::behavior knocker(caf::event_based_actor*, milliseconds deadline) {
  return {[deadline](knock_atom, const std::string& host, std::uint16_t port) {
    auto found = knock(host, port, deadline);
    return found ? caf::make_message(*found, std::string())
                 : caf::make_message(std::string(), found.error().detail);
  }};
}

enum class stage : std::uint8_t { resting, knocking, connecting, greeting, up, leaving };

class link_body final : public caf::event_based_actor {
 public:
  link_body(caf::actor_config& cfg, link_sources from)
      : caf::event_based_actor(cfg),
        self_(std::move(from.self)),
        channel_(std::move(from.channel)),
        view_(std::move(from.view)),
        desk_(std::move(from.desk)),
        shows_invitation_(std::move(from.shows_invitation)),
        marks_(std::move(from.marks)),
        random_(std::random_device{}()) {}

  const char* name() const override { return "link"; }

  void on_exit() override {
    drop_connection();
    channel_->close({.code = errc::unavailable, .detail = "this node is stopping"});
    if (knocker_) anon_send_exit(knocker_, caf::exit_reason::user_shutdown);
    knocker_ = nullptr;
    desk_ = nullptr;
  }

 protected:
  caf::behavior make_behavior() override {
    knocker_ = spawn<caf::detached>(knocker, milliseconds(knock_deadline));
    set_down_handler([this](caf::down_msg& down) { on_down(down); });
    set_default_handler(caf::drop);
    return {
        [this](reach_atom, std::string& host, std::uint16_t port) {
          reach({std::move(host), port});
        },
        [this](wake_atom) { work(); },
        [this](arrival_ptr& who) { on_arrival(who); },
        [this](leave_atom, std::string& why) {
          lose({.code = errc::unavailable, .detail = std::move(why)});
          quit();
        },
        [this](goodbye_atom) { say_goodbye(); },
        [this](const frame& f) { on_frame(f); },
        [this](dial_atom, std::uint64_t attempt) {
          if (attempt == attempt_ && stage_ == stage::resting) dial();
        },
        [this](late_atom, std::uint64_t attempt) {
          if (attempt == attempt_ && stage_ == stage::greeting) give_up("it does not answer the hello");
        },
    };
  }

 private:
  node_id peer() const { return channel_->peer(); }
  bool dials() const { return self_->node > peer() || invited(); }
  bool invited() const { return !self_->invitation.empty() && *shows_invitation_; }

  // --- finding it

  void reach(listen_address where) {
    if (where == address_) return;
    address_ = std::move(where);
    view_->change([&](auto& f) { f.address = address_.text(); });
    if (stage_ == stage::up) return;
    ++attempt_;
    stage_ = stage::resting;
    backoff_ = backoff_min;
    if (dials())
      dial();
    else
      rest();
  }

  milliseconds jittered(milliseconds most) {
    return most / 2 + milliseconds(std::uniform_int_distribution<long>(0, most.count() / 2)(random_));
  }

  void rest() {
    stage_ = stage::resting;
    if (address_.port == 0) return;
    auto wait = jittered(backoff_);
    backoff_ = std::min<milliseconds>(backoff_ * 2, backoff_max);
    if (!dials()) wait = std::max(wait, be_dialled_within + jittered(500ms));
    delayed_send(this, wait, dial_atom::value, attempt_);
  }

  void give_up(const std::string& why) {
    ++attempt_;
    if (desk_there_) demonitor(desk_there_);
    desk_there_ = nullptr;
    if (why != problem_) {
      spdlog::log(has_stopped_ ? spdlog::level::info : spdlog::level::warn, "{} at {} cannot be reached: {}",
                  node_name(peer()), address_.text(), why);
      problem_ = why;
      view_->change([&](auto& f) { f.problem = why; });
    }
    rest();
  }

  void dial() {
    stage_ = stage::knocking;
    request(knocker_, caf::infinite, knock_atom::value, address_.host, address_.port)
        .then([this, attempt = ++attempt_](const std::string& numeric, const std::string& problem) {
          if (attempt != attempt_) return;
          if (numeric.empty()) return give_up(problem);
          connect(numeric, 0);
        });
  }

  void connect(const std::string& numeric, int again) {
    stage_ = stage::connecting;
    auto port = address_.port;
    request(home_system().openssl_manager().actor_handle(), connect_deadline, caf::connect_atom::value,
            numeric, port)
        .then(
            [this, attempt = attempt_](const caf::node_id&, const caf::strong_actor_ptr& there,
                                       const std::set<std::string>&) {
              if (attempt != attempt_) return;
              if (!there) return give_up("nothing of Troupe listens there");
              look_at(caf::actor_cast<caf::actor>(there));
            },
            [this, attempt = attempt_, numeric, port, again](const caf::error& e) {
              if (attempt != attempt_) return;
              // CAF takes a new connection for one that was silent since the clock began, when its heartbeat falls into
              // the handshake. Right after a heartbeat there is time.
              if (e == caf::sec::connection_timeout && again < 2) return connect(numeric, again + 1);
              auto why = tls_sessions::last_failure({node_name(self_->node), numeric, port});
              give_up("mutual TLS failed: " + (why.empty() ? home_system().render(e) : why));
            });
  }

  // Who is it that we have reached?
  void look_at(const caf::actor& there) {
    desk_there_ = there;
    monitor(desk_there_);
    request(home_system().openssl_manager().actor_handle(), connect_deadline, caf::get_atom::value,
            desk_there_.node())
        .then(
            [this, attempt = attempt_](const caf::node_id&, const std::string& address, std::uint16_t port) {
              if (attempt == attempt_) greet({node_name(self_->node), address, port});
            },
            [this, attempt = attempt_](const caf::error& e) {
              if (attempt == attempt_) give_up(home_system().render(e));
            });
  }

  void greet(tls_sessions::endpoint there) {
    there_ = std::move(there);
    auto certificate = tls_sessions::at(there_);
    if (!certificate) return give_up("the connection went before the hello");
    if (certificate->role != tls_role::node || certificate->name != node_name(peer())) {
      tls_sessions::cut(there_);
      return give_up("there is " + certificate->name + " (by its certificate)");
    }
    stage_ = stage::greeting;
    peer_hello h;
    h.to = peer();
    h.from = *self_;
    if (!invited()) h.from.invitation = h.from.secret = {};
    if (marks_) h.mark = marks_->own(), h.seen = marks_->seen(peer());
    send(desk_there_, to_frame(h));
    delayed_send(this, greet_deadline, late_atom::value, attempt_);
  }

  void on_welcome(const frame& f) {
    if (stage_ != stage::greeting || !current_sender() || current_sender()->node() != desk_there_.node())
      return;
    auto w = read_welcome(f);
    if (!w) return give_up("its welcome cannot be read: " + w.error().detail);
    if (marks_) marks_->heard_of_self(w->seen, peer());
    if (w->refused != errc::none) {
      if (w->refused != errc::in_flight) {
        tls_sessions::cut(there_);
        backoff_ = backoff_max;
      }
      return give_up("it refused: " + w->detail);
    }
    if (w->node != peer() || w->session == 0) return give_up("its welcome is of another node");
    if (auto why = rollback_of(w->mark); !why.empty()) {
      tls_sessions::cut(there_);
      backoff_ = backoff_max;
      return give_up(why);
    }
    if (marks_) marks_->met(peer(), w->mark);
    unmet_.reset();
    demonitor(desk_there_);
    desk_there_ = nullptr;
    begin(caf::actor_cast<caf::actor>(current_sender()), w->session, w->incarnation, w->version, w->level);
  }

  // Whose data directory was put back, this node's or the peer's, in words.
  std::string rollback_of(const storage::rollback_mark& theirs) const {
    if (!marks_) return {};
    if (auto why = marks_->verdict(); !why.empty()) return "this node's " + why;
    auto why = marks_->objection(peer(), theirs);
    return why.empty() ? why : "its " + why;
  }

  // --- being found

  void on_arrival(const arrival_ptr& who) {
    const auto& from = who->hello.from;
    if (stage_ == stage::leaving)
      return turn_away(who, {.code = errc::unavailable, .detail = "this node is stopping"});
    if (stage_ == stage::up && from.incarnation != incarnation_)
      return turn_away(who, {.code = errc::conflict,
                             .detail = node_name(peer()) +
                                       " is connected already, from another process. Is a copy of its data "
                                       "directory running?"});
    if (stage_ == stage::greeting && dials() && from.invitation.empty())
      return turn_away(who, {.code = errc::in_flight, .detail = "it is dialling too"});
    if (stage_ == stage::up)
      lose({.code = errc::unavailable, .detail = "that node connects anew"}, keep::connection);
    ++attempt_;
    if (desk_there_) demonitor(desk_there_);
    desk_there_ = nullptr;
    there_ = who->there;
    peer_welcome w;
    w.node = self_->node;
    w.incarnation = self_->incarnation;
    w.version = self_->version;
    w.level = self_->level;
    if (marks_) {
      if (!from.invitation.empty()) marks_->forget(peer());
      w.mark = marks_->own();
      w.seen = marks_->seen(peer());
      unmet_ = who->hello.mark;
    }
    w.session = std::uniform_int_distribution<std::uint64_t>(1)(random_);
    send(who->from, to_frame(w));
    begin(who->from, w.session, from.incarnation, from.version, from.level);
  }

  void turn_away(const arrival_ptr& who, failure why) {
    anon_send(desk_, std::make_shared<const turned_away>(turned_away{who, std::move(why)}));
  }

  // --- the session

  void begin(const caf::actor& there, std::uint64_t session, std::uint64_t incarnation,
             const std::string& version, std::uint32_t level) {
    stage_ = stage::up;
    remote_ = there;
    incarnation_ = incarnation;
    monitor(remote_);
    tls_sessions::claim(there_);
    began_ = steady::now();
    problem_.clear();
    has_stopped_ = false;
    view_->change([&](auto& f) {
      f = {f.address, version, level, incarnation, now_us(), {}};
      if (f.address.empty()) f.address = listen_address{there_.address, there_.port}.text();
    });
    spdlog::info("connected to {} | address={}:{} version={}", node_name(peer()), there_.address, there_.port,
                 version);
    channel_->begin(session);
    work();
  }

  enum class keep : std::uint8_t { nothing, connection };

  void lose(const failure& why, keep k = keep::nothing) {
    if (k == keep::nothing) drop_connection();
    if (remote_) demonitor(remote_);
    remote_ = nullptr;
    ++attempt_;
    bool was_up = stage_ == stage::up;
    stage_ = stage::resting;
    incarnation_ = 0;
    if (!was_up) return;
    if (steady::now() - began_ > backoff_max) backoff_ = backoff_min;
    problem_ = why.detail;
    if (has_stopped_)
      spdlog::info("{} has left: {}", node_name(peer()), why.detail);
    else
      spdlog::warn("the connection to {} is lost: {}", node_name(peer()), why.detail);
    view_->change([&](auto& f) {
      f.incarnation = 0;
      f.since_us = now_us();
      f.problem = why.detail;
    });
    channel_->end({.code = errc::unavailable, .detail = "the connection to that node is gone"});
  }

  void drop_connection() {
    if (there_.port != 0 && (remote_ || desk_there_)) tls_sessions::cut(there_);
  }

  void on_down(const caf::down_msg& down) {
    if (desk_there_ && down.source == desk_there_.address()) {
      desk_there_ = nullptr;
      if (stage_ != stage::up) give_up("the connection was closed before the welcome");
    } else if (remote_ && down.source == remote_.address()) {
      if (stage_ == stage::leaving) return quit();
      lose({.code = errc::unavailable,
            .detail = down.reason == caf::exit_reason::remote_link_unreachable
                          ? "it was closed, or silent for too long"
                          : "that node stops"});
      rest();
    }
  }

  // In the session's place for a welcome: it is over, and that is no failure.
  void say_goodbye() {
    if (stage_ != stage::up) return quit();
    stage_ = stage::leaving;
    peer_welcome w;
    w.refused = errc::unavailable;
    w.detail = "it stops";
    send(remote_, to_frame(w));
    delayed_send(this, goodbye_max, goodbye_atom::value);
  }

  // The peer stops. Or both dialled, and it took our hello after its own had led to the session that is up: what it begins
  // last is what it speaks in.
  void on_later_welcome(const frame& f) {
    auto w = read_welcome(f);
    if (!w || !current_sender() || current_sender()->address() != remote_.address()) return;
    if (w->refused == errc::none) {
      if (w->node != peer() || w->session == 0 || w->incarnation != incarnation_) return;
      auto there = remote_;
      lose({.code = errc::unavailable, .detail = "both nodes dialled"}, keep::connection);
      return begin(there, w->session, w->incarnation, w->version, w->level);
    }
    has_stopped_ = true;
    lose({.code = errc::unavailable, .detail = w->detail});
    rest();
  }

  void on_frame(const frame& f) {
    if (kind_said(f.bytes) == frame_kind::peer_welcome)
      return stage_ == stage::up ? on_later_welcome(f) : on_welcome(f);
    if (stage_ != stage::up || kind_said(f.bytes) != frame_kind::peer_packet || !current_sender() ||
        current_sender()->address() != remote_.address())
      return;
    // It goes on after our welcome: it has looked at what we saw of it last, and was not put back.
    if (unmet_) marks_->met(peer(), *std::exchange(unmet_, std::nullopt));
    auto taken = channel_->take(f);
    if (taken) return work();
    spdlog::error("{} sent what cannot be read, the connection is cut: {}", node_name(peer()),
                  taken.error().detail);
    lose(taken.error());
    rest();
  }

  void work() {
    while (auto packet = channel_->next_packet()) send(remote_, std::move(*packet));
    auto next = channel_->settle_due();
    if (!next || (armed_for_ > steady::now() && armed_for_ <= *next)) return;
    auto wait = std::max<steady::duration>(*next - steady::now(), tick_min);
    armed_for_ = steady::now() + wait;
    delayed_send(this, wait, wake_atom::value);
  }

  const std::shared_ptr<const peer_self> self_;
  const std::shared_ptr<peer_channel> channel_;
  const std::shared_ptr<link_view> view_;
  caf::actor desk_, knocker_;
  const std::shared_ptr<const std::atomic<bool>> shows_invitation_;
  const std::shared_ptr<storage::rollback_guard> marks_;
  std::mt19937_64 random_;

  listen_address address_;
  stage stage_ = stage::resting;
  std::uint64_t attempt_ = 0;  // what comes of an earlier one is dropped
  milliseconds backoff_ = backoff_min;
  std::string problem_;
  bool has_stopped_ = false;  // it said so

  tls_sessions::endpoint there_;
  caf::actor desk_there_;  // while greeting
  caf::actor remote_;      // while up
  std::uint64_t incarnation_ = 0;
  std::optional<storage::rollback_mark> unmet_;  // of who dialled and has not gone on yet
  steady::time_point armed_for_, began_;
};

}  // namespace

caf::actor spawn_link(caf::actor_system& system, link_sources from) {
  auto channel = from.channel;
  auto link = caf::actor_cast<caf::actor>(system.spawn<link_body>(std::move(from)));
  // Weak: the link holds the channel.
  channel->on_work([weak = link.address()] {
    if (auto strong = caf::actor_cast<caf::actor>(weak)) caf::anon_send(strong, wake_atom::value);
  });
  return link;
}

}  // namespace troupe::node
