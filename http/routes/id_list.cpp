#include "http/routes/id_list.hpp"

#include <algorithm>

#include "protocol/limits.hpp"

namespace troupe::http {

namespace {

constexpr int rounds_max = 32;  // a filter that fits few records ends in a short page

class collecting : public std::enable_shared_from_this<collecting> {
 public:
  collecting(api_context& api, responder back, id_list_request ask,
             std::function<void(const id_list_page&)> done)
      : api_(api), back_(std::move(back)), ask_(std::move(ask)), done_(std::move(done)) {}

  void next_round() {
    query_builder query(ask_.org);
    auto wanted = std::min<std::size_t>(ask_.limit - page_.count, limits::page_items_max);
    ask_.ask(*query, ask_.after_id, static_cast<std::uint32_t>(wanted));
    run_query_each(api_, ask_.level, back_, api_.actors.entity_shards(), query.bytes(),
                   [self = shared_from_this()](const results& found) { self->take(found); });
  }

 private:
  void take(const results& found) {
    std::vector<listed> items;
    std::optional<std::string> horizon;  // nothing beyond it is known of every shard
    for (const auto& f : found) {
      ask_.read(f, items);
      auto end = view_of(f.getScannedToId());
      if (f.getMore() && (!horizon || end < *horizon)) horizon = end;
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    response index;
    add_read_index(index, found);
    page_.headers = std::move(index.headers);
    for (const auto& i : items) {
      if (horizon && i.id > *horizon) break;
      if (page_.count == ask_.limit) return finish(last_id_);
      if (page_.count++ > 0) page_.items += ',';
      i.write(page_.items);
      last_id_ = i.id;
    }
    if (!horizon) return finish({});
    if (page_.count == ask_.limit || ++rounds_ == rounds_max) return finish(*horizon);
    ask_.after_id = *horizon;
    next_round();
  }
  void finish(std::string next_after_id) {
    page_.next_after_id = std::move(next_after_id);
    done_(page_);
  }

  api_context& api_;
  const responder back_;
  id_list_request ask_;
  const std::function<void(const id_list_page&)> done_;
  id_list_page page_;
  std::string last_id_;
  int rounds_ = 0;
};

}  // namespace

void collect_by_id(api_context& api, responder back, id_list_request ask,
                   std::function<void(const id_list_page&)> done) {
  std::make_shared<collecting>(api, std::move(back), std::move(ask), std::move(done))->next_round();
}

}  // namespace troupe::http
