// The page's files, read into memory when the edge starts: what is not in the table cannot be asked for.
//
// Thread-safe. Compressed forms (.gz, .br beside a file) are taken as they are; gzip is made at first need otherwise.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/server/dispatcher.hpp"

namespace troupe::http {

class static_files {
 public:
  // An empty or missing folder serves nothing. Hidden files and links out of the folder are left out.
  explicit static_files(const std::string& root);

  // GET and HEAD: the file, index.html for views of the page (no dot, Accept: text/html), else 404.
  response answer(const request& r);
  std::size_t count() const { return files_.size(); }

 private:
  struct file {
    std::string content_type, etag;
    std::shared_ptr<const std::string> plain, gzip, brotli;
    std::once_flag packed;
    bool hashed_name = false;
  };

  void load(const std::string& root);
  response serve(file& f, const request& r);

  std::map<std::string, std::unique_ptr<file>, std::less<>> files_;  // by path: "/index.html"
};

}  // namespace troupe::http
