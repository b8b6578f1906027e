// See follower.hpp.
#include "tests/sim/follower.hpp"

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/reply.capnp.h"

namespace troupe::sim {

namespace {

constexpr std::uint32_t gap_page = 20;

uuid id_of(schema::Event::Reader event) { return {event.getId().getHigh(), event.getId().getLow()}; }

// Calls with each batch of events of an encoded schema::Feed; gives the feed's last number.
template <class Take>
std::uint64_t read_feed(std::string_view bytes, Take&& take) {
  message_reader reader(bytes);
  auto feed = reader.root<schema::Feed>();
  for (auto fact_bytes : feed.getFacts()) {
    message_reader inner(view_of(fact_bytes));
    auto fact = inner.root<schema::Fact>();
    if (fact.isEventsAppended())
      take(fact.getEventsAppended().getFirstSeq(), fact.getEventsAppended().getEvents());
  }
  return feed.getLastSeq();
}

bool is_position(std::string_view bytes) {
  message_reader reader(bytes);
  return reader.root<schema::Feed>().getFacts().size() == 0;
}

}  // namespace

void follower::take(std::string_view feed) {
  check_named(feed);
  if (!at_) {  // the first one tells where the shard stands
    at_ = *told_;
    return;
  }
  if (reading_gap_)
    held_.emplace_back(feed);
  else
    show_feed(feed);
}

void follower::check_named(std::string_view feed) {
  if (!told_ && !is_position(feed)) throw violation("a feed does not begin with a position");
  if (is_position(feed)) {
    told_ = read_feed(feed, [](auto, auto) {});
    return;
  }
  auto last = read_feed(feed, [&](std::uint64_t first, auto events) {
    if (first != *told_ + 1)
      throw violation("a feed goes on with event " + std::to_string(first) + " after " +
                      std::to_string(*told_) + " and names no gap");
    told_ = *told_ + events.size();
  });
  if (last != *told_) throw violation("a feed does not carry all events up to its position");
}

void follower::show_feed(std::string_view feed) {
  std::optional<std::uint64_t> first;
  auto last = read_feed(feed, [&](std::uint64_t of_batch, auto) { first = first.value_or(of_batch); });
  if (first.value_or(last + 1) > *at_ + 1) return read_gap(last);
  read_feed(feed, [&](std::uint64_t seq, auto events) {
    for (auto event : events) show(seq++, id_of(event));
  });
}

void follower::show(std::uint64_t seq, const uuid& id) {
  if (seq <= *at_) return;
  if (seq != *at_ + 1)
    throw violation("event " + std::to_string(seq) + " is shown after " + std::to_string(*at_));
  at_ = seq;
  world_.truth().event_shown(seq, id);
}

// --- gaps

void follower::read_gap(std::uint64_t upto) {
  reading_gap_ = true;
  ++world_.tally().gaps;
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Query>().initReadFeed();
  feed.setAfterSeq(*at_);
  feed.setLimit(gap_page);
  read_(to_bytes(message), [this, upto](const result<std::string>& answer) { gap_answered(upto, answer); });
}

void follower::gap_answered(std::uint64_t upto, const result<std::string>& answer) {
  if (!answer) return after_(100, [this, upto] { read_gap(upto); });
  message_reader reader(*answer);
  auto page = reader.root<schema::QueryResult>();
  take_page(page);
  if (*at_ < upto && page.getScannedToSeq() != 0) return read_gap(upto);
  reading_gap_ = false;
  while (!held_.empty() && !reading_gap_) {
    auto feed = std::move(held_.front());
    held_.pop_front();
    show_feed(feed);
  }
}

void follower::take_page(schema::QueryResult::Reader page) {
  if (page.isEvents())
    for (auto stored : page.getEvents()) show(stored.getSeq(), id_of(stored.getEvent()));
  if (page.getScannedToSeq() > *at_) throw violation("a page of events leaves some out");
}

}  // namespace troupe::sim
