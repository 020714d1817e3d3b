package engine

const homeVariable = "USERPROFILE"
