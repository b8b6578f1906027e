// Tells those who follow the tokens of an organisation when a limit changes its state, within seconds.
//
// Threads: changed() from any; the rest on the home thread. An organisation is looked at every two seconds at most, and
// only when its tokens changed while somebody follows them.
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
  limit_watch(client& actors, std::shared_ptr<io_thread> home, announcing announce)
      : actors_(actors), home_(std::move(home)), announce_(std::move(announce)), pause_(home_->context()) {}

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
  void ask(const std::string& org, watched& of);
  void tell(const std::string& org, const std::vector<limit_standing>& all);

  client& actors_;
  const std::shared_ptr<io_thread> home_;
  announcing announce_;
  boost::asio::steady_timer pause_;
  std::map<std::string, watched> orgs_;
  bool stopped_ = false;
};

}  // namespace troupe::http
