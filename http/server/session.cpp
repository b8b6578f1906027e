#include "http/server/session.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "http/server/packed_answer.hpp"
#include "http/server/problem.hpp"
#include "http/server/request_check.hpp"
#include "http/server/request_head.hpp"
#include "http/server/request_ids.hpp"
#include "http/server/response_head.hpp"
#include "http/server/takeover.hpp"

namespace troupe::http {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t small_body_bytes = 256 * 1024;  // read and dropped rather than closing on a refusal
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t body_read_bytes = 64 * 1024;
constexpr std::size_t linger_bytes_max = 2 * limits::request_body_bytes_max;
constexpr std::size_t turn_bytes_max = 256 * 1024;
constexpr std::size_t turn_requests_max = 16;
// Read by the worker: the time of a few milliseconds is worth a change of threads.
constexpr std::size_t large_body_bytes = 512 * 1024, large_packed_bytes = 64 * 1024;
constexpr std::size_t small_answer_bytes = 16 * 1024;  // not worth counting

verb verb_of(bhttp::verb v) {
  switch (v) {
    case bhttp::verb::get: return verb::get;
    case bhttp::verb::head: return verb::head;
    case bhttp::verb::post: return verb::post;
    case bhttp::verb::put: return verb::put;
    case bhttp::verb::patch: return verb::patch;
    case bhttp::verb::delete_: return verb::erase;
    case bhttp::verb::options: return verb::options;
    default: return verb::other;
  }
}

}  // namespace

session::session(std::shared_ptr<server_core> core, std::shared_ptr<io_thread> home,
                 asio::ip::tcp::socket socket, surface entry, std::string remote, connection_ticket ticket)
    : core_(std::move(core)),
      home_(std::move(home)),
      socket_(std::move(socket)),
      entry_(entry),
      remote_(std::move(remote)),
      ticket_(std::move(ticket)) {}

void session::start() {
  if (phase_ == phase::closed) return;
  error ec;
  socket_.non_blocking(true, ec);
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  set_deadline(limits().head_deadline);  // the first request comes at once or not at all
  wait_readable();
}

void session::advance() {
  if (advancing_) return;
  auto keep = shared_from_this();
  struct turn {
    explicit turn(session& s) : of(s) {
      of.advancing_ = true;
      of.turn_bytes_ = of.turn_requests_ = 0;
    }
    ~turn() { of.advancing_ = false; }
    session& of;
  } mine(*this);
  home_->begin_lap();
  while (step()) {
    if (turn_bytes_ < turn_bytes_max && turn_requests_ < turn_requests_max) continue;
    yield();
    return;
  }
}

// False: nothing more can be done until something comes.
bool session::step() {
  switch (phase_) {
    case phase::idle:
    case phase::head: return read_head();
    case phase::body: return read_body();
    case phase::writing: return write_some();
    case phase::lingering: return linger();
    case phase::handling:
    case phase::closed: return false;
  }
  return false;
}

// A client that always has more to say must not keep the thread to itself.
void session::yield() {
  if (yielded_) return;
  yielded_ = true;
  asio::post(home_->context(), [self = shared_from_this()] {
    self->yielded_ = false;
    self->advance();
  });
}

session::fill session::read_some(std::size_t bytes_max) {
  error ec;
  auto n = socket_.read_some(buffer_.prepare(bytes_max), ec);
  if (ec == asio::error::would_block || ec == asio::error::try_again) {
    wait_readable();
    return fill::wait;
  }
  if (ec) return fill::gone;
  buffer_.commit(n);
  turn_bytes_ += n;
  stats_counters::add(core_->stats.bytes_in, n);
  return fill::got;
}

void session::wait_readable() {
  if (waiting_read_) return;
  waiting_read_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error ec) {
    self->waiting_read_ = false;
    if (ec || self->phase_ == phase::closed) return;
    self->advance();
  });
}

void session::wait_writable() {
  if (waiting_write_) return;
  waiting_write_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](error ec) {
    self->waiting_write_ = false;
    if (ec || self->phase_ == phase::closed) return;
    self->advance();
  });
}

bool session::read_head() {
  if (phase_ == phase::idle && !skip_empty_lines()) {
    switch (read_some(read_bytes)) {
      case fill::wait: buffer_.shrink_to_fit(); return false;
      case fill::gone: close(); return false;
      case fill::got: return true;
    }
  }
  if (phase_ == phase::idle) {
    phase_ = phase::head;
    set_deadline(limits().head_deadline);
    folded_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits().head_bytes_max));
    parser_->body_limit(boost::none);
    parser_->eager(false);
  }
  error ec;
  auto came = buffer_.data();
  auto taken = parser_->put(came, ec);
  // The parser takes whole fields only: a continuation line is taken with its field.
  folded_ = folded_ || has_folded_line({static_cast<const char*>(came.data()), taken});
  buffer_.consume(taken);
  if (parser_->is_header_done()) return head_done();
  if (ec && ec != bhttp::error::need_more) {
    head_error(ec);
    return true;
  }
  switch (read_some(read_bytes)) {
    case fill::wait: return false;
    case fill::gone: close(); return false;
    case fill::got: break;
  }
  return true;
}

// Some clients send an empty line behind a body (RFC 9112, 2.2). False: nothing has come of a head yet. The deadline
// runs on meanwhile.
bool session::skip_empty_lines() {
  while (buffer_.size() >= 2) {
    std::string_view came(static_cast<const char*>(buffer_.data().data()), 2);
    if (came != "\r\n") return true;
    buffer_.consume(2);
  }
  return buffer_.size() == 1 && *static_cast<const char*>(buffer_.data().data()) != '\r';
}

void session::head_error(error ec) {
  auto bytes = buffer_.data();
  std::string_view seen(static_cast<const char*>(bytes.data()), bytes.size());
  auto target = parser_->get().target().empty() ? has_target::no : has_target::yes;
  refuse(refusal_of_parse_error(ec, seen, target));
}

void session::take_request_head() {
  request_ = std::make_shared<request>();
  auto& r = *request_;
  auto& message = parser_->get();
  r.began = std::chrono::steady_clock::now();
  r.entry = entry_;
  r.remote = remote_;
  r.method = verb_of(message.method());
  r.http_1_0 = message.version() == 10;
  r.keep_alive = parser_->keep_alive() && !draining_;
  r.head = std::make_unique<request_head>();
  r.head->message.base() = std::move(message.base());
  r.request_id = request_id_of(r.field("X-Request-Id"));
  r.trace_parent = trace_parent_of(r.field("traceparent"));
  r.held = reservation(core_->budget);
}

bool session::head_done() {
  ++number_;
  ++turn_requests_;
  take_request_head();
  auto unsound =
      folded_ ? status_problem(400, "A field is continued on a second line: obsolete, and read in two ways.")
              : refusal_of_head(*request_, limits());
  if (unsound) {
    refuse(std::move(*unsound));
    return true;
  }
  way_ = core_->app->admit(*request_);
  // Cheaper now than with the body read.
  if (!way_.refusal && way_.gate && way_.gate->is_full()) {
    way_.gate->count_refused();
    way_.refusal = overloaded();
  }
  auto length = parser_->content_length();
  bool expects = !request_->http_1_0 && !request_->field("Expect").empty();
  bool has_body = parser_->chunked() || (length && *length > 0);
  if (way_.refusal && has_body && (expects || !length || *length > small_body_bytes)) {
    refuse(std::move(*way_.refusal));
    return true;
  }
  if (expects && !boost::beast::iequals(std::string(request_->field("Expect")), "100-continue")) {
    refuse(status_problem(417, "The only expectation met here is 100-continue."));
    return true;
  }
  auto bytes_max = way_.refusal ? small_body_bytes : way_.body_bytes_max;
  if (length && *length > bytes_max) {
    refuse(status_problem(413, "The body is larger than " + std::to_string(bytes_max) + " bytes."));
    return true;
  }
  parser_->body_limit(bytes_max);
  auto& body = parser_->get().body();
  body.discard = way_.refusal.has_value();
  body.held = reservation(core_->budget);
  if (expects && has_body && buffer_.size() == 0 && !send_continue()) return true;
  phase_ = phase::body;
  set_deadline(limits().body_stall_deadline);
  phase_deadline_ = home_->now() + limits().body_deadline;
  body_wire_bytes_ = 0;
  return true;
}

bool session::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  error ec;
  // A few bytes into an empty send buffer: if they do not fit, this client does not read.
  if (socket_.write_some(asio::buffer(text), ec) == text.size() && !ec) return true;
  close();
  return false;
}

bool session::read_body() {
  if (!parser_->is_done() && buffer_.size() > 0) {
    error ec;
    auto taken = parser_->put(buffer_.data(), ec);
    buffer_.consume(taken);
    body_wire_bytes_ += taken;
    if (ec && ec != bhttp::error::need_more) {
      body_error(ec);
      return true;
    }
    if (framing_is_excessive(ec == bhttp::error::need_more ? buffer_.size() : 0)) {
      refuse(status_problem(400, "The chunked body is mostly framing."));
      return true;
    }
    if (!ec && !parser_->is_done()) return true;
  }
  if (parser_->is_done()) {
    take_body();
    return true;
  }
  switch (read_some(body_read_bytes)) {
    case fill::wait: return false;
    case fill::gone: close(); return false;
    case fill::got: set_deadline(limits().body_stall_deadline); break;
  }
  return true;
}

// The parser has no bound on a chunk's extensions nor on trailers: they wait in the buffer until their end comes.
bool session::framing_is_excessive(std::size_t waiting) const {
  if (!parser_->chunked()) return false;
  auto data = parser_->get().body().seen;
  return body_wire_bytes_ + waiting - data > chunk_framing_bytes_max(data);
}

void session::take_body() {
  auto& body = parser_->get().body();
  request_->body = std::move(body.text);
  request_->held = std::move(body.held);
  parser_.reset();
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  run_handler();
}

void session::body_error(error ec) {
  if (ec == bhttp::error::body_limit) {
    refuse(status_problem(413, "The body is too large."));
  } else if (ec == boost::system::errc::not_enough_memory) {
    refuse(problem_response(errc::unavailable, "Too many bytes of requests are in flight. Send it again."));
  } else {
    refuse(status_problem(400, "The body is not well-formed: " + ec.message() + "."));
  }
}

response session::overloaded() const {
  problem p{.status = 503,
            .code = "overloaded",
            .detail = "More is asked of this node than it can do. Nothing was done."};
  p.retry_after = std::chrono::seconds(1 + number_ % 3);  // not all of them at once again
  return to_response(p);
}

bool session::pass_gate() {
  if (!way_.gate) return true;
  auto bytes = request_->body.size();
  if (!request_->field("Content-Encoding").empty()) bytes *= 8;  // about what it becomes
  request_->load = load_ticket(*way_.gate, load_units(bytes, way_.gate->limits()),
                               std::chrono::steady_clock::now(), home_->lag());
  return static_cast<bool>(request_->load);
}

void session::run_handler() {
  phase_ = phase::handling;
  set_deadline(limits().handle_deadline);
  if (!way_.refusal && !pass_gate()) way_.refusal = overloaded();
  if (way_.refusal) {
    auto refusal = std::move(*way_.refusal);
    respond(way_.form ? way_.form(*request_, std::move(refusal)) : std::move(refusal));
    return;
  }
  responder back(home_, shared_from_this(), number_);
  if (way_.reads_large_bodies && has_large_body()) {
    core_->bodies.post([h = way_.run, r = request_, back] { run(*h, r, back); });
    return;
  }
  in_handler_ = true;
  run(*way_.run, request_, back);
  in_handler_ = false;
}

bool session::has_large_body() const {
  bool packed = !request_->field("Content-Encoding").empty();
  return request_->body.size() >= (packed ? large_packed_bytes : large_body_bytes);
}

void session::run(const handler& h, const request_ptr& r, const responder& back) {
  try {
    h(r, back);
  } catch (const std::exception& e) {
    spdlog::error("http: {} {} threw: {} request_id={}", to_string(r->method), r->route, e.what(),
                  r->request_id);
    back(problem_response(errc::internal, "This is a defect of the server; it is in its log."));
  }
}

void session::deliver(std::uint64_t request, response r) {
  if (request != number_ || phase_ != phase::handling) return;
  auto how = std::exchange(form_chosen_, true) ? packing::none : packing_of(r, *request_);
  if (how == packing::slow) {
    core_->answers.post([back = responder(home_, shared_from_this(), number_),
                         plain = bounded(std::move(r))]() mutable { back(packed(std::move(plain))); });
    return;
  }
  respond(how == packing::quick ? packed(std::move(r)) : std::move(r));
  advance();
}

void session::refuse(response r) {
  close_after_ = true;
  if (way_.form && request_) r = way_.form(*request_, std::move(r));
  respond(std::move(r));
}

void session::respond(response r) {
  if (phase_ == phase::closed) return;
  if (r.next && request_->method != verb::head) {
    hand_over(r);
    return;
  }
  if (r.next) r.close = true;  // HEAD of a stream
  settle_load(r.status);
  answer_ = bounded(std::move(r));
  if (answer_.close || draining_ || !request_ || !request_->keep_alive) close_after_ = true;
  bool bodiless = answer_.status == 204 || answer_.status == 304;
  out_body_ = !bodiless && !(request_ && request_->method == verb::head);
  out_head_.clear();
  write_head(out_head_, answer_, request_.get(), bodiless ? framing::none : framing::length, !close_after_,
             core_->config, home_->date());
  begin_writing();
  auto method = request_ ? to_string(request_->method) : std::string_view("?");
  auto route = request_ ? request_->route : std::string_view("(none)");
  core_->stats.request_done(method, route, answer_.status);
  auto took = request_ ? std::chrono::steady_clock::now() - request_->began : std::chrono::nanoseconds(0);
  if (core_->watch) core_->watch->request_done(method, route, answer_.status, took);
  if (request_) log_answer(took);
}

// Answers wait for their readers: large ones count as bytes in flight, files that all share do not.
response session::bounded(response r) {
  answer_held_ = reservation(core_->budget);
  if (r.shared_body || r.body.size() <= small_answer_bytes || answer_held_.grow_to(r.body.size())) return r;
  return problem_response(errc::unavailable, "Too many bytes of answers are in flight. Ask again.");
}

void session::begin_writing() {
  out_at_ = 0;
  phase_ = phase::writing;
  set_deadline(limits().write_stall_deadline);
  auto bytes = out_body_ ? answer_.payload().size() : 0;
  phase_deadline_ = home_->now() + limits().write_deadline +
                    std::chrono::seconds(bytes / limits().answer_bytes_per_second_min);
}

void session::log_answer(std::chrono::nanoseconds took) {
  auto level = spdlog::level::debug;
  std::string more;
  // Under overload nearly every answer may be one of these: the log must not become the load.
  bool ours = answer_.status >= 500 && answer_.status != 501 && answer_.status != 505;
  if (ours) {
    if (auto kept_back = home_->may_warn()) {
      level = spdlog::level::warn;
      if (*kept_back > 0) more = " (" + std::to_string(*kept_back) + " like it not shown)";
    }
  }
  spdlog::log(level, "http: {} {} {} {} us request_id={} traceparent={} key={} remote={}{}",
              to_string(request_->method), request_->route, answer_.status, took.count() / 1000,
              request_->request_id, request_->trace_parent, request_->who.key_id, remote_, more);
}

// What was answered at once never waited: it tells nothing about the load.
void session::settle_load(int status) {
  if (!request_ || !request_->load) return;
  auto now = std::chrono::steady_clock::now();
  bool waited = !in_handler_;
  if (waited && (status == 429 || status == 503 || status == 504)) request_->load.overran(now);
  if (waited && status < 500) request_->load.answered(now);
  request_->load.give_back();
}

void session::hand_over(const response& r) {
  settle_load(r.status);
  core_->stats.request_done(to_string(request_->method), request_->route, r.status);
  handover taken{std::move(socket_), std::move(buffer_), home_, request_, {}, std::move(ticket_)};
  write_head(taken.response_head, r, request_.get(), framing::until_close, false, core_->config,
             home_->date());
  phase_ = phase::closed;
  auto keep = shared_from_this();
  home_->remove(*this);
  r.next->begin(std::move(taken));
}

bool session::write_some() {
  auto body = out_body_ ? answer_.payload() : std::string_view();
  if (out_at_ == out_head_.size() + body.size()) {
    next_request();
    return true;
  }
  std::array<asio::const_buffer, 2> parts;
  if (out_at_ < out_head_.size()) {
    parts[0] = asio::buffer(out_head_) + out_at_;
    parts[1] = asio::buffer(body.data(), body.size());
  } else {
    parts[0] = asio::buffer(body.data(), body.size()) + (out_at_ - out_head_.size());
  }
  error ec;
  auto n = socket_.write_some(parts, ec);
  if (ec == asio::error::would_block || ec == asio::error::try_again) {
    wait_writable();
    return false;
  }
  if (ec) {
    close();
    return false;
  }
  out_at_ += n;
  turn_bytes_ += n;
  stats_counters::add(core_->stats.bytes_out, n);
  set_deadline(limits().write_stall_deadline);
  return true;
}

void session::next_request() {
  answer_ = {};
  answer_held_.clear();
  way_ = {};
  request_.reset();
  form_chosen_ = false;
  parser_.reset();
  if (out_head_.capacity() > 4096) std::string().swap(out_head_);
  if (!close_after_) {
    phase_ = phase::idle;
    set_deadline(limits().idle_deadline);
    return;
  }
  // Closing with bytes unread would reset the connection and could take the answer with it.
  error ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  phase_ = phase::lingering;
  set_deadline(limits().linger_deadline);
}

bool session::linger() {
  buffer_.clear();
  switch (read_some(read_bytes)) {
    case fill::wait: return false;
    case fill::gone: close(); return false;
    case fill::got: break;
  }
  lingered_ += buffer_.size();
  if (lingered_ <= linger_bytes_max) return true;
  close();
  return false;
}

void session::set_deadline(std::chrono::milliseconds after) {
  deadline_ = std::chrono::steady_clock::now() + after;
}

void session::tick(std::chrono::steady_clock::time_point now) {
  bool has_phase_deadline = phase_ == phase::body || phase_ == phase::writing;
  if (now < deadline_ && !(has_phase_deadline && now >= phase_deadline_)) return;
  if (phase_ != phase::idle && phase_ != phase::lingering) {
    stats_counters::add(core_->stats.deadlines_passed);
  }
  switch (phase_) {
    case phase::head:
    case phase::body:
      refuse(status_problem(408, "The request took too long to arrive."));
      advance();
      break;
    case phase::handling:
      refuse(problem_response(errc::unavailable,
                              "No answer in time. The request may or may not have had its effect."));
      advance();
      break;
    default: close();
  }
}

void session::drain() {
  draining_ = true;
  if (request_) request_->keep_alive = false;
  if (phase_ == phase::idle) close();
}

void session::abort() { close(); }

void session::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  error ec;
  socket_.close(ec);
  ticket_ = {};
  home_->remove(*this);
}

}  // namespace troupe::http
