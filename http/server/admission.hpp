// How many connections there are, in all and from each address. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::http {

class admission : public std::enable_shared_from_this<admission> {
 public:
  admission(std::size_t total_max, std::size_t per_address_max)
      : total_max_(total_max), per_address_max_(per_address_max) {}

  bool enter(const std::string& address);
  void leave(const std::string& address) noexcept;
  std::size_t open() const;

 private:
  const std::size_t total_max_, per_address_max_;
  mutable std::mutex mutex_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> by_address_;
};

// One connection's place. Empty when there was none left.
class connection_ticket {
 public:
  connection_ticket() = default;
  connection_ticket(std::shared_ptr<admission> from, std::string address);
  connection_ticket(connection_ticket&&) noexcept = default;
  connection_ticket& operator=(connection_ticket&& o) noexcept;
  ~connection_ticket() { give_back(); }
  explicit operator bool() const { return from_ != nullptr; }
  const std::string& address() const { return address_; }

 private:
  void give_back() noexcept;
  std::shared_ptr<admission> from_;
  std::string address_;
};

}  // namespace troupe::http
