// Tells when a token limit changes its state: those who follow the tokens of its organisation, within seconds; and, on the
// node that watches for the cluster, the log and the metrics, whether anybody looks or not.
//
// Threads: changed() from any; the rest on the home thread. An organisation is looked at every two seconds at most, and
// only when its tokens changed while somebody follows them; all together every 15 seconds.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/insight/limit_state.hpp"

namespace troupe::http {

class limit_watch : public std::enable_shared_from_this<limit_watch> {
 public:
  using announcing = std::function<void(const std::string& org, std::string_view limit_json)>;
  // 'watch' may be empty: then nobody watches all of them.
  limit_watch(client& actors, std::shared_ptr<io_thread> home, observer* watch, announcing announce)
      : actors_(actors),
        home_(std::move(home)),
        watch_(watch),
        announce_(std::move(announce)),
        pause_(home_->context()),
        round_(home_->context()) {}

  void start();
  void changed(const std::string& org);
  // Nothing is told any more.
  void stop();

 private:
  struct watched {
    bool wanted = false, asking = false;
    std::chrono::steady_clock::time_point next{};
    std::map<std::string, limit_state> states;  // by limit
  };

  void look();
  void look_at_all();
  void look_again();
  void take_all(std::vector<limit_standing> all);
  void ask(const std::string& org, watched& of);
  void tell(const std::string& org, const std::vector<limit_standing>& all);

  client& actors_;
  const std::shared_ptr<io_thread> home_;
  observer* const watch_;
  announcing announce_;
  boost::asio::steady_timer pause_, round_;
  std::map<std::string, watched> orgs_;
  // Of all, while this node watches them: what was logged last.
  std::map<std::pair<std::string, std::string>, limit_state> logged_;
  bool stopped_ = false;
};

}  // namespace troupe::http
