#include "http/server/session.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "http/server/problem.hpp"
#include "http/server/request_head.hpp"
#include "http/server/request_ids.hpp"
#include "http/server/response_head.hpp"
#include "http/server/takeover.hpp"

namespace troupe::http {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t small_body_bytes = 64 * 1024;  // read and dropped rather than closing on a refusal
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t body_read_bytes = 64 * 1024;
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;

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
  advancing_ = true;
  for (bool more = true; more;) {
    switch (phase_) {
      case phase::idle:
      case phase::head: more = read_head(); break;
      case phase::body: more = read_body(); break;
      case phase::writing: more = write_some(); break;
      case phase::lingering: more = linger(); break;
      case phase::handling:
      case phase::closed: more = false; break;
    }
  }
  advancing_ = false;
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
  if (buffer_.size() == 0) {
    switch (read_some(read_bytes)) {
      case fill::wait: buffer_.shrink_to_fit(); return false;
      case fill::gone: close(); return false;
      case fill::got: break;
    }
  }
  if (phase_ == phase::idle) {
    phase_ = phase::head;
    set_deadline(limits().head_deadline);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits().head_bytes_max));
    parser_->body_limit(boost::none);
    parser_->eager(false);
  }
  while (true) {
    error ec;
    buffer_.consume(parser_->put(buffer_.data(), ec));
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
  }
}

void session::head_error(error ec) {
  auto bytes = buffer_.data();
  std::string_view seen(static_cast<const char*>(bytes.data()), bytes.size());
  auto line = seen.substr(0, seen.find("\r\n"));
  if (ec == bhttp::error::header_limit || ec == bhttp::error::buffer_overflow) {
    bool in_target = parser_->get().target().empty() && line.size() == seen.size();
    refuse(in_target ? status_problem(414, "The request target is too long.")
                     : status_problem(431, "The head of the request is too large."));
    return;
  }
  auto version = line.substr(line.size() - std::min<std::size_t>(line.size(), 8));
  if (ec == bhttp::error::bad_version && version.starts_with("HTTP/") && version[6] == '.') {
    refuse(status_problem(505, "HTTP/1.1 is spoken here."));
    return;
  }
  refuse(status_problem(400, "The request is not well-formed HTTP/1.1: " + ec.message() + "."));
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

// What a parser may accept and two parsers could read in two ways: refused (RFC 9112, 3.2 and 6.1).
bool session::head_is_sound() {
  auto& message = request_->head->message;
  auto hosts = message.count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && !request_->http_1_0)) {
    refuse(status_problem(400, "A request has exactly one Host field."));
    return false;
  }
  if (message.count(bhttp::field::transfer_encoding) > 0 &&
      (request_->http_1_0 || message.count(bhttp::field::transfer_encoding) > 1 ||
       !boost::beast::iequals(message[bhttp::field::transfer_encoding], "chunked"))) {
    refuse(status_problem(501, "The only transfer coding read here is chunked."));
    return false;
  }
  if (message.count(bhttp::field::content_length) > 1) {
    refuse(status_problem(400, "A request has at most one Content-Length field."));
    return false;
  }
  if (message.target().size() > limits().target_bytes_max) {
    refuse(status_problem(414, "The request target is too long."));
    return false;
  }
  auto where = parse_target({message.target().data(), message.target().size()});
  if (!where) {
    refuse(status_problem(400, "The request target is broken: check its escapes and its UTF-8."));
    return false;
  }
  request_->where = std::move(*where);
  return true;
}

bool session::head_done() {
  ++number_;
  take_request_head();
  if (!head_is_sound()) return true;
  auto verdict = core_->app->admit(*request_);
  run_ = verdict.run;
  refusal_ = std::move(verdict.refusal);

  auto length = parser_->content_length();
  bool expects = !request_->field("Expect").empty();
  bool has_body = parser_->chunked() || (length && *length > 0);
  if (refusal_ && has_body && (expects || !length || *length > small_body_bytes)) {
    refuse(std::move(*refusal_));
    return true;
  }
  if (expects && !boost::beast::iequals(std::string(request_->field("Expect")), "100-continue")) {
    refuse(status_problem(417, "The only expectation met here is 100-continue."));
    return true;
  }
  auto bytes_max = refusal_ ? small_body_bytes : verdict.body_bytes_max;
  if (length && *length > bytes_max) {
    refuse(status_problem(413, "The body is larger than " + std::to_string(bytes_max) + " bytes."));
    return true;
  }
  parser_->body_limit(bytes_max);
  auto& body = parser_->get().body();
  body.discard = refusal_.has_value();
  body.held = reservation(core_->budget);
  if (expects && has_body && buffer_.size() == 0 && !send_continue()) return true;
  phase_ = phase::body;
  set_deadline(limits().body_stall_deadline);
  body_deadline_ = home_->now() + limits().body_deadline;
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
  while (!parser_->is_done()) {
    error ec;
    if (buffer_.size() > 0) {
      buffer_.consume(parser_->put(buffer_.data(), ec));
      if (ec && ec != bhttp::error::need_more) {
        body_error(ec);
        return true;
      }
      if (parser_->is_done()) break;
      if (!ec) continue;
    }
    switch (read_some(body_read_bytes)) {
      case fill::wait: return false;
      case fill::gone: close(); return false;
      case fill::got: set_deadline(limits().body_stall_deadline); break;
    }
  }
  auto& body = parser_->get().body();
  request_->body = std::move(body.text);
  request_->held = std::move(body.held);
  parser_.reset();
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  run_handler();
  return true;
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

void session::run_handler() {
  phase_ = phase::handling;
  set_deadline(limits().handle_deadline);
  if (refusal_) {
    respond(std::move(*refusal_));
    return;
  }
  responder back(home_, shared_from_this(), number_);
  try {
    (*run_)(request_, back);
  } catch (const std::exception& e) {
    spdlog::error("http: {} {} threw: {} request_id={}", to_string(request_->method), request_->route,
                  e.what(), request_->request_id);
    back(problem_response(errc::internal, "This is a defect of the server; it is in its log."));
  }
}

void session::deliver(std::uint64_t request, response r) {
  if (request != number_ || phase_ != phase::handling) return;
  respond(std::move(r));
  advance();
}

void session::refuse(response r) {
  close_after_ = true;
  respond(std::move(r));
}

void session::respond(response r) {
  if (phase_ == phase::closed) return;
  if (r.next && request_->method != verb::head) {
    hand_over(r);
    return;
  }
  if (r.next) r.close = true;  // HEAD of a stream
  answer_ = std::move(r);
  if (answer_.close || draining_ || !request_ || !request_->keep_alive) close_after_ = true;
  bool bodiless = answer_.status == 204 || answer_.status == 304;
  out_body_ = !bodiless && !(request_ && request_->method == verb::head);
  out_head_.clear();
  write_head(out_head_, answer_, request_.get(), bodiless ? framing::none : framing::length, !close_after_,
             core_->config, home_->date());
  out_at_ = 0;
  phase_ = phase::writing;
  set_deadline(limits().write_stall_deadline);
  auto method = request_ ? to_string(request_->method) : std::string_view("?");
  auto route = request_ ? request_->route : std::string_view("(none)");
  core_->stats.request_done(method, route, answer_.status);
  auto took = request_ ? std::chrono::steady_clock::now() - request_->began : std::chrono::nanoseconds(0);
  if (core_->watch) core_->watch->request_done(method, route, answer_.status, took);
  if (request_) {
    spdlog::log(answer_.status >= 500 ? spdlog::level::warn : spdlog::level::debug,
                "http: {} {} {} {} us request_id={} traceparent={} key={} remote={}", method, route,
                answer_.status, took.count() / 1000, request_->request_id, request_->trace_parent,
                request_->who.key_id, remote_);
  }
}

void session::hand_over(const response& r) {
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
  auto total = out_head_.size() + body.size();
  while (out_at_ < total) {
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
    stats_counters::add(core_->stats.bytes_out, n);
    set_deadline(limits().write_stall_deadline);
  }
  next_request();
  return true;
}

void session::next_request() {
  answer_ = {};
  refusal_.reset();
  request_.reset();
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
  bool body_is_late = phase_ == phase::body && now >= body_deadline_;
  if (now < deadline_ && !body_is_late) return;
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
