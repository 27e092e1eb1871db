// SPDX-License-Identifier: Apache-2.0
//
// KeyedSource: a source whose addresses are hashed under a key of ours. To what it hands over it
// adds the check value of the key, so that a snapshot says itself which key it is of.
#pragma once

#include <memory>
#include <string>

#include "policy/store/address_forms.h"
#include "policy/store/suppression_source.h"

namespace icm {

class KeyedSource final : public SuppressionSource {
 public:
  KeyedSource(std::unique_ptr<SuppressionSource> source, const AddressForms& forms)
      : source_(std::move(source)), check_value_(forms.check_value()) {}

  std::uint64_t generation() const override { return source_->generation(); }
  [[nodiscard]] Result<std::string> each(const Visit& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> changes(const std::string& cursor,
                                                           std::size_t most, const Begin& begin,
                                                           const Visit& visit,
                                                           Deadline deadline) override;
  [[nodiscard]] Result<Seen> look(Deadline deadline) override { return source_->look(deadline); }

 private:
  bool hand_over_check_value(const Visit& visit) const;

  std::unique_ptr<SuppressionSource> source_;
  std::string check_value_;
};

}  // namespace icm
