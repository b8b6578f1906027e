#include "http/live/event_stream.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "http/ingest/event_json.hpp"
#include "http/routes/event_merge.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

using clock = std::chrono::steady_clock;

std::shared_ptr<const std::string> text(std::string s) {
  return std::make_shared<const std::string>(std::move(s));
}

std::string backlog_json(const std::vector<std::string>& answers, const position& upto) {
  std::string out;
  try {
    std::vector<std::unique_ptr<message_reader>> readers;
    results found;
    for (const auto& bytes : answers) {
      readers.push_back(std::make_unique<message_reader>(bytes));
      found.push_back(readers.back()->root<schema::QueryResult>());
    }
    auto page = merge_events(found, {}, limits::page_items_max);
    for (auto e = page.items.rbegin(); e != page.items.rend(); ++e) {
      if (e->at.seq > upto[e->at.shard]) continue;
      if (!out.empty()) out += ',';
      ingest::write_event_json(e->event, event_seq(e->at.seq), shard_id(e->at.shard), out);
    }
  } catch (const kj::Exception& e) {
    spdlog::error("http: the past of a stream cannot be decoded: {}", e.getDescription().cStr());
  }
  return out;
}

}  // namespace

event_stream::event_stream(live_context& context, principal who, seat its, std::string last_event_id,
                           std::int64_t since_us)
    : context_(context),
      who_(std::move(who)),
      seat_(std::move(its)),
      last_event_id_(std::move(last_event_id)),
      since_us_(since_us) {}

void event_stream::begin(handover taken) {
  home_ = taken.home;
  ticket_ = std::move(taken.ticket);
  socket_.emplace(std::move(taken.socket));
  wrote_at_ = clock::now();
  home_->add(shared_from_this());
  registered_ = true;
  stats_counters::add(context_.stats().streams_open);
  watch();
  queue(text(std::move(taken.response_head)));
  queue(text("retry: 1000\n\n"));
  reader_ = std::make_shared<topic_reader>(context_.live, home_, encoding::stream,
                                           static_cast<reader_sink&>(*this));
  std::optional<topic_reader::seen> resume;
  if (!last_event_id_.empty()) {
    auto colon = std::min(last_event_id_.find(':'), last_event_id_.size());
    resume = {last_event_id_.substr(0, colon),
              colon < last_event_id_.size() ? last_event_id_.substr(colon + 1) : std::string()};
  }
  auto reader = reader_;
  reader->when_there(*parse_topic(who_.org, "events"), resume,
                     [self = shared_from_this(), resume] { self->enter(resume); });
}

void event_stream::enter(const std::optional<topic_reader::seen>& resume) {
  if (ending_) return;
  auto at = reader_->join(*parse_topic(who_.org, "events"), resume);
  auto id = epoch_text(context_.live.data().history()) + ":" + at.offset;
  if (at.recovered == false) queue(text(stream_text(id, "reset", "{\"recovered\":false}")));
  if (at.recovered == true) stats_counters::add(context_.stats().recoveries);
  // An id without data: a client that is cut off before the first event still knows where it stood.
  if (!at.recovered) queue(text("id: " + id + "\n\n"));
  if (since_us_ != 0 && !at.recovered) return send_backlog(at.starts_at);
  auto reader = reader_;
  reader->begin();
}

// The past that was asked for, oldest first and without an id; only what the frames that follow do not hold.
void event_stream::send_backlog(const position& upto) {
  query_builder query(who_.org);
  auto list = query->initListEvents();
  list.initFilter().setSinceUs(since_us_);
  list.setLimit(limits::page_items_max);
  auto& data = context_.live.data();
  auto answered = [self = shared_from_this(), upto](result<std::vector<std::string>> got) {
    self->home_->post([self, upto, got = std::move(got)] {
      if (!got) return self->fell_behind();
      auto events = backlog_json(*got, upto);
      if (!events.empty())
        self->queue(text(stream_text({}, "events", concat({"{\"events\":[", events, "]}"}))));
      auto reader = self->reader_;
      reader->begin();
    });
  };
  data.query_each(data.entity_shards(), query.bytes(), consistency::linearizable, std::move(answered));
}

void event_stream::watch() {
  socket_->async_read_some(boost::asio::buffer(ignored_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                             if (error) return self->gone();
                             self->watch();
                           });
}

void event_stream::push(topic_reader&, const delivery& d) {
  auto& l = context_.limits();
  for (auto& f : d.frames) {
    if (!f->stream || ending_) return;
    if (output_.size() >= l.socket_queue_frames_max ||
        (output_bytes_ > 0 && output_bytes_ + f->stream->size() > l.socket_queue_bytes_max))
      return fell_behind();
    queue(f->stream);
  }
}

void event_stream::fell_behind() {
  stats_counters::add(context_.stats().slow_readers_closed);
  drain();
}

void event_stream::queue(text_ptr t) {
  if (!registered_ || ending_) return;
  output_bytes_ += t->size();
  output_.push_back(std::move(t));
  if (!writing_) write();
}

void event_stream::write() {
  writing_ = true;
  wrote_at_ = clock::now();
  auto t = output_.front();
  boost::asio::async_write(
      *socket_, boost::asio::buffer(*t),
      [self = shared_from_this(), t](const boost::system::error_code& error, std::size_t) {
        if (error) return self->gone();
        stats_counters::add(self->context_.stats().frames_out);
        stats_counters::add(self->context_.stats().bytes_out, t->size());
        self->writing_ = false;
        self->output_bytes_ -= t->size();
        self->output_.pop_front();
        if (!self->output_.empty()) return self->write();
        if (self->ending_) return self->gone();
        auto reader = self->reader_;
        if (reader) reader->go_on();
      });
}

void event_stream::tick(clock::time_point now) {
  if (writing_ && now - wrote_at_ > context_.limits().write_stall_deadline) return gone();
  if (!writing_ && now - wrote_at_ > context_.limits().stream_keep_alive) queue(text(": keep-alive\n\n"));
}

// Ends behind what is being written; the client comes back with its last id.
void event_stream::drain() {
  if (ending_ || !registered_) return;
  ending_ = true;
  if (!writing_) return gone();
  output_.resize(1);
  output_bytes_ = output_.front()->size();
}

void event_stream::key_revoked(std::string_view key_id) {
  if (who_.key_id == key_id) gone();
}

void event_stream::seat_lost(std::uint64_t number) {
  if (seat_ && *seat_ == number) gone();
}

void event_stream::gone() {
  ending_ = true;
  seat_.reset();
  if (reader_) reader_->end();
  if (!std::exchange(registered_, false)) return;
  boost::system::error_code ignored;
  socket_->close(ignored);
  stats_counters::drop(context_.stats().streams_open);
  auto keep = shared_from_this();
  home_->remove(*this);
}

}  // namespace troupe::http
