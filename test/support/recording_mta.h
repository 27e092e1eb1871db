// SPDX-License-Identifier: Apache-2.0
//
// RecordingMta: a mail server that writes down what it is asked to change, and can be told to
// refuse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "milter/mta.h"

namespace icm {

// Each request becomes one line, in the order of asking:
//   insert 0 Name: value · remove Name #2 · quarantine reason · delete <a@b> · progress
class RecordingMta final : public Mta {
 public:
  bool insert_header(int index, std::string_view name, std::string_view value) override {
    return record(fmt::format("insert {} {}: {}", index, name, value));
  }
  bool remove_header(std::string_view name, int occurrence) override {
    return record(fmt::format("remove {} #{}", name, occurrence));
  }
  bool quarantine(std::string_view reason) override {
    return record(fmt::format("quarantine {}", reason));
  }
  bool delete_recipient(std::string_view recipient) override {
    return record(fmt::format("delete {}", recipient));
  }
  void progress() override { changes_.push_back("progress"); }

  // From the request with this number on (counted from 1) everything is refused.
  void refuse_from(int request) { refuse_from_ = request; }

  const std::vector<std::string>& changes() const { return changes_; }

 private:
  bool record(std::string change) {
    changes_.push_back(std::move(change));
    ++requests_;
    return refuse_from_ == 0 || requests_ < refuse_from_;
  }

  std::vector<std::string> changes_;
  int requests_ = 0;
  int refuse_from_ = 0;
};

}  // namespace icm
