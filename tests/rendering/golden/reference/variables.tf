# What stands in values.env serves here too:
#   export $(awk -F= '/^[A-Z]/ && $2 { print "TF_VAR_" tolower($1) "=" $2 }' values.env)

variable "project" {
  type        = string
  description = "the id of the project that it runs in"
}

variable "region" {
  type        = string
  description = "the region that it runs in"
}

variable "made_by_scripts" {
  type        = bool
  description = "whether scripts of this folder made it already: imports.tf brings it under Terraform"
  default     = true
}
