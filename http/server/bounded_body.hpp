// A request body for Beast's parser that takes every byte from the memory budget as it comes, not as it is announced.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <string>

#include "http/server/memory_budget.hpp"

namespace troupe::http {

struct bounded_body {
  struct value_type {
    std::string text;
    reservation held;
    bool discard = false;    // read and forget: the answer is known already
    std::uint64_t seen = 0;  // bytes of the body so far, kept or not
  };

  static std::uint64_t size(const value_type& body) { return body.text.size(); }

  class reader {
   public:
    template <bool is_request, class Fields>
    explicit reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& ec) { ec = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
      ec = {};
      auto bytes = boost::asio::buffer_size(buffers);
      body_.seen += bytes;
      if (body_.discard) return bytes;
      auto needed = body_.text.size() + bytes;
      if (needed > body_.text.capacity()) {
        auto capacity = std::max(needed, body_.text.capacity() * 2);
        if (!body_.held.grow_to(capacity)) {
          ec = make_error_code(boost::system::errc::not_enough_memory);
          return 0;
        }
        body_.text.reserve(capacity);
      }
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        boost::asio::const_buffer b = *it;
        body_.text.append(static_cast<const char*>(b.data()), b.size());
      }
      return bytes;
    }
    void finish(boost::system::error_code& ec) { ec = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace troupe::http
