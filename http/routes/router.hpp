// Finds the route of a request and lets it in: 404, 405 with Allow, 401, 403, 429, OPTIONS.
//
// Immutable once the edge has started; read by every I/O thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/routes/route.hpp"
#include "http/server/core.hpp"
#include "protocol/result.hpp"

namespace troupe::http {

// Says who a key belongs to. Failures: unauthenticated, overloaded (too many wrong ones), unavailable.
class authenticator {
 public:
  virtual ~authenticator() = default;
  virtual result<principal> authenticate(std::string_view key, const std::string& remote) = 0;
};

class router final : public dispatcher {
 public:
  // What no route matches, on the main listener: the page's files.
  router(server_core& core, authenticator& keys, std::vector<route> routes, handler fallback);

  verdict admit(request& r) override;
  const std::vector<route>& routes() const { return routes_; }

 private:
  struct compiled {
    std::vector<std::string_view> segments;  // "{...}" captures
    std::size_t literals = 0;
  };
  struct found {
    const route* match = nullptr;
    std::string allow;  // methods of the path, when the method did not match
  };

  found find(request& r) const;
  bool matches(const compiled& pattern, const std::vector<std::string>& segments) const;
  verdict options_answer(const request& r, std::string_view allow) const;
  load_gate* gate_of(permission needs) const;

  server_core& core_;
  authenticator& keys_;
  std::vector<route> routes_;
  std::vector<compiled> compiled_;
  handler fallback_;
};

// Fills in who asks; a response if they may not.
std::optional<response> refuse_key(authenticator& keys, request& r, permission needs);

// The key of "Authorization: Bearer <key>"; empty if there is none.
std::string_view bearer_of(std::string_view authorization);

}  // namespace troupe::http
