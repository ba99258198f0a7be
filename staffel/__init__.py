"""What both programs, the producer and the workers, agree on."""
